import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.FuzzyQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.store.MMapDirectory;

/**
 * Lucene as a rival of the search bench, in one thread; process.rival.ts says what it reads and
 * writes. Every query is run in two ways: a collector that scores all matches and so counts them,
 * and one that skips what cannot compete, followed by a count.
 */
final class LuceneRival {
  private static final int LIMIT = 20;
  private static final String FIELD = "text";

  public static void main(String[] arguments) throws IOException {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var folder = Files.createTempDirectory("lucene-");
    try (var directory = new MMapDirectory(folder)) {
      try (var writer = new IndexWriter(directory, config())) {
        for (var text = input.readLine(); !text.isEmpty(); text = input.readLine()) {
          var document = new Document();
          document.add(new TextField(FIELD, text, Field.Store.NO));
          writer.addDocument(document);
        }
        writer.forceMerge(1);
      }
      try (var reader = DirectoryReader.open(directory)) {
        var searcher = new IndexSearcher(reader);
        // The bench repeats its queries, and is not about caches.
        searcher.setQueryCache(null);
        System.out.println("ready");
        for (var line = input.readLine(); line != null; line = input.readLine()) {
          System.out.println(answer(searcher, List.of(line.split(" "))));
        }
      }
    } finally {
      delete(folder);
    }
  }

  private static IndexWriterConfig config() {
    return new IndexWriterConfig(new WhitespaceAnalyzer()).setRAMBufferSizeMB(512);
  }

  private static String answer(IndexSearcher searcher, List<String> line) throws IOException {
    var kind = line.getFirst();
    var words = line.subList(1, line.size());
    long start = System.nanoTime();
    var all = new TopScoreDocCollectorManager(LIMIT, null, Integer.MAX_VALUE);
    long total = searcher.search(query(kind, words), all).totalHits.value();
    long exact = System.nanoTime() - start;
    start = System.nanoTime();
    var query = query(kind, words);
    searcher.search(query, new TopScoreDocCollectorManager(LIMIT, null, LIMIT));
    searcher.count(query);
    long pruned = System.nanoTime() - start;
    return String.format(Locale.ROOT, "%d %.4f %.4f", total, exact / 1e6, pruned / 1e6);
  }

  private static Query query(String kind, List<String> words) {
    if (kind.equals("phrase")) return new PhraseQuery(FIELD, words.toArray(String[]::new));
    var last = new Term(FIELD, words.getLast());
    Query best = switch (kind) {
      case "prefix" -> new PrefixQuery(last);
      case "fuzzy" -> new FuzzyQuery(last, 1, 0, FuzzyQuery.defaultMaxExpansions, false);
      default -> new TermQuery(last);
    };
    if (words.size() == 1) return best;
    var builder = new BooleanQuery.Builder();
    for (var word : words.subList(0, words.size() - 1)) {
      builder.add(new TermQuery(new Term(FIELD, word)), Occur.MUST);
    }
    return builder.add(best, Occur.MUST).build();
  }

  private static void delete(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      for (var path : paths.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }
}
