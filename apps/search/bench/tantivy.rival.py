"""tantivy as a rival of the search bench; process.rival.ts says what it reads and writes."""

import sys
import tempfile
import time

import tantivy
from tantivy import Occur, Query

LIMIT = 20
FIELD = "text"
# The whole index fits into the buffer, so that it becomes one segment.
BUFFER_BYTES = 3_000_000_000


def build(folder):
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(FIELD, tokenizer_name="white", index_option="position")
    index = tantivy.Index(builder.build(), path=folder)
    white = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("white", white)
    writer = index.writer(heap_size=BUFFER_BYTES, num_threads=1)
    while text := sys.stdin.readline().rstrip("\n"):
        document = tantivy.Document()
        document.add_text(FIELD, text)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def query_of(schema, kind, words):
    if kind == "phrase":
        return Query.phrase_query(schema, FIELD, words)
    queries = [Query.term_query(schema, FIELD, word) for word in words[:-1]]
    if kind == "prefix":
        # Of the ways to ask tantivy for a prefix this is the fastest.
        queries.append(Query.fuzzy_term_query(schema, FIELD, words[-1], 0, False, True))
    elif kind == "fuzzy":
        queries.append(Query.fuzzy_term_query(schema, FIELD, words[-1], 1, False))
    else:
        queries.append(Query.term_query(schema, FIELD, words[-1]))
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def main():
    sys.stdin.reconfigure(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="tantivy-") as folder:
        index = build(folder)
        searcher = index.searcher()
        print("ready", flush=True)
        for line in sys.stdin:
            kind, *words = line.split()
            start = time.perf_counter()
            query = query_of(index.schema, kind, words)
            total = searcher.search(query, limit=LIMIT, count=True).count
            milliseconds = (time.perf_counter() - start) * 1000
            print(f"{total} {milliseconds:.4f}", flush=True)


main()
