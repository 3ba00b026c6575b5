/** Names for requests: the same one is sent again by its name, so that nothing is made twice. */
export class RequestKeys {
  #known = "";
  #key = "";

  /** The name of a request with this body. */
  of(body: unknown): string {
    const text = JSON.stringify(body);
    if (text !== this.#known) {
      this.#known = text;
      const octets = crypto.getRandomValues(new Uint8Array(16));
      this.#key = [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("");
    }
    return this.#key;
  }
}
