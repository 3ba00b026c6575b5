/** Where a place in a text is once others have changed the text elsewhere, both in UTF-16 code units. */
export function placeAfter(before: string, after: string, place: number): number {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  if (place <= start) return place;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  // Within what was replaced there is no such place any more: its end is the next one.
  return place >= before.length - end ? place + after.length - before.length : after.length - end;
}
