/** What is given, as a query; empty texts count as not given. */
export function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((each): each is [string, string] => Boolean(each[1]));
  return `?${new URLSearchParams(given).toString()}`;
}
