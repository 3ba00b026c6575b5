/** The build without what broadcasts do not need (captions, other languages, protected media), which comes without types of its own. */
declare module "hls.js/light" {
  export { default } from "hls.js";
  export * from "hls.js";
}
