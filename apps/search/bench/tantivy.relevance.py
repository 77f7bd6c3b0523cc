"""
tantivy with the stemmer of each language in a field of its own. It reads JSON, a value a line:
first the quotes, then requests, each of which it answers with a line of JSON.
"""

import json
import re
import sys

import tantivy
from tantivy import Filter, Occur, Query, TextAnalyzerBuilder, Tokenizer

STEMMERS = {"en": "english", "fr": "french", "de": "german", "es": "spanish", "it": "italian"}
FIELDS = [f"text_{lang}" for lang in STEMMERS]


def build(quotes):
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", stored=True)
    for lang, field in zip(STEMMERS, FIELDS):
        builder.add_text_field(field, tokenizer_name=f"{lang}_stem", index_option="position")
    index = tantivy.Index(builder.build())
    for lang, stemmer in STEMMERS.items():
        analyzer = (
            TextAnalyzerBuilder(Tokenizer.simple())
            .filter(Filter.lowercase())
            .filter(Filter.stemmer(stemmer))
            .filter(Filter.ascii_fold())
            .build()
        )
        index.register_tokenizer(f"{lang}_stem", analyzer)
    writer = index.writer(num_threads=1)
    for number, (text, lang) in enumerate(quotes):
        document = tantivy.Document()
        document.add_integer("number", number)
        for field in FIELDS if lang is None else [f"text_{lang}"]:
            document.add_text(field, text)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def query_of(index, text, configuration):
    def parse(every, fuzzy):
        # The characters of its query language are no words.
        plain = re.sub(r"[\W_]+", " ", text).lower()
        fields = {field: (False, 1, True) for field in FIELDS} if fuzzy else {}
        return index.parse_query_lenient(
            plain, FIELDS, fuzzy_fields=fields, conjunction_by_default=every
        )[0]

    if configuration == "or, then fuzzy":
        likely = Query.boost_query(parse(False, False), 10)
        return Query.boolean_query([(Occur.Should, likely), (Occur.Should, parse(False, True))])
    return parse(configuration.startswith("and"), configuration.endswith("fuzzy"))


def main():
    index = build(json.loads(sys.stdin.readline()))
    searcher = index.searcher()
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answers = []
        for text in request["queries"]:
            query = query_of(index, text, request["configuration"])
            hits = searcher.search(query, limit=request["limit"]).hits
            answers.append([searcher.doc(address)["number"][0] for _, address in hits])
        print(json.dumps(answers), flush=True)


main()
