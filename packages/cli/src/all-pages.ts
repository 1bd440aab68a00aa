/** Reads every page of a listing of the authority, and returns the items of all of them. */
export async function allPages<Answer extends { readonly nextPageToken: string }, Item>(
  list: (request: { readonly pageToken: string }) => Promise<Answer>,
  itemsOf: (answer: Answer) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  let pageToken = "";
  do {
    const answer = await list({ pageToken });
    // Not with a spread: a long page would not fit into the arguments of a call.
    for (const item of itemsOf(answer)) items.push(item);
    pageToken = answer.nextPageToken;
  } while (pageToken !== "");
  return items;
}
