import type { SelectionPageQuery } from '#libs/quotes/selection.schema.ts';
import type { SelectionFilters } from './engine/quote.selection.ts';

/** The filters among the parameters of a request, as the index takes them. */
export function filtersOf({
  user_id: userId,
  author,
  tag,
  lang,
}: Pick<SelectionPageQuery, 'user_id' | 'author' | 'tag' | 'lang'>): SelectionFilters {
  return { userId, author, tag, lang };
}
