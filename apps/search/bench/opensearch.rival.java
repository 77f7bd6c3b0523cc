import java.nio.file.Files;
import java.nio.file.Path;
import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * A node of OpenSearch on the loopback address, in a folder and at a port that are given. It writes
 * `ready`, and ends when its input does.
 */
final class OpenSearchRival {
  public static void main(String[] arguments) throws Exception {
    var output = System.out;
    // What the node and its runner say is not for the bench.
    System.setOut(System.err);
    var runner = new OpenSearchRunner();
    runner.onBuild((number, settings) -> {
      settings.put("network.host", "127.0.0.1");
      settings.put("http.port", arguments[1]);
      settings.putList("discovery.seed_hosts");
      settings.putList("cluster.initial_cluster_manager_nodes", "Node 1");
    });
    runner.build(
      OpenSearchRunner.newConfigs()
        .clusterName("bench")
        .numOfNode(1)
        .basePath(Files.createDirectories(Path.of(arguments[0])).toString())
    );
    runner.ensureYellow();
    output.println("ready");
    while (System.in.read() >= 0) {}
    runner.close();
    System.exit(0);
  }
}
