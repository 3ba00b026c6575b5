import type { Plugin, Rolldown } from "vite";

/**
 * Writes one HTML file for each kind of place. Each names all the code and styles that its page needs, so that a browser fetches them
 * together, and not the page's own after the first script has run.
 *
 * @param pages HTML file to the module that the router loads there; the front door says which path gets which file.
 */
export function pageFiles(pages: Readonly<Record<string, string>>): Plugin {
  return {
    name: "parley:page-files",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      const html = bundle["index.html"];
      if (html?.type !== "asset") this.error("there is no index.html to begin with");
      const common = String(html.source);
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      for (const [fileName, module] of Object.entries(pages)) {
        const entry = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(module));
        if (entry === undefined) this.error(`nothing loads ${module} lazily`);
        const links = linksFor(entry, chunks).filter((link) => !common.includes(link.href));
        const source = common.replace("</head>", `${links.map(({ tag }) => `  ${tag}\n  `).join("")}</head>`);
        if (fileName === "index.html") html.source = source;
        else this.emitFile({ type: "asset", fileName, source });
      }
    },
  };
}

interface HeadLink {
  readonly href: string;
  readonly tag: string;
}

/** What a chunk needs: itself, what it imports, and their styles. */
function linksFor(entry: Rolldown.OutputChunk, chunks: readonly Rolldown.OutputChunk[]): HeadLink[] {
  const needed = new Set([entry]);
  for (const chunk of needed) {
    for (const found of chunks) if (chunk.imports.includes(found.fileName)) needed.add(found);
  }
  const styles = new Set([...needed].flatMap((chunk) => [...(chunk.viteMetadata?.importedCss ?? [])]));
  return [
    ...[...needed].map(({ fileName }) => link("modulepreload", fileName)),
    // What is built upon comes first: a page's own rules are to win.
    ...[...styles].reverse().map((fileName) => link("stylesheet", fileName)),
  ];
}

function link(rel: string, fileName: string): HeadLink {
  const href = `/${fileName}`;
  return { href, tag: `<link rel="${rel}" crossorigin href="${href}">` };
}
