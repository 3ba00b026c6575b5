/** Without those that are taken for one another: 0 and o, 1, l and i, u and v. */
const LETTERS = "abcdefghjkmnpqrstwxyz23456789";
const GROUPS = 4;
const GROUP = 4;

/**
 * A password to give to somebody, which can be read out: `kq7z-m3wp-xyfa-9hcr`, 77 bits.
 *
 * @param randomness Octets that nobody can guess; those that would make some letters more likely than others are passed over.
 */
export function firstPassword(randomness: () => number): string {
  const letter = () => {
    let octet = randomness();
    while (octet >= 256 - (256 % LETTERS.length)) octet = randomness();
    return LETTERS.charAt(octet % LETTERS.length);
  };
  const group = () => Array.from({ length: GROUP }, letter).join("");
  return Array.from({ length: GROUPS }, group).join("-");
}

export function randomOctet(): number {
  return crypto.getRandomValues(new Uint8Array(1))[0] ?? 0;
}
