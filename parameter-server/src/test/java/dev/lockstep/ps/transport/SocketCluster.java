package dev.lockstep.ps.transport;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.server.ShardSource;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** Nodes of one attempt that take each other for other JVMs, and so talk over sockets. */
public final class SocketCluster implements AutoCloseable {

  static final String TOKEN = "token";

  final SimulatedTraining training;
  final List<ExecutorNode> nodes = new ArrayList<>();

  public SocketCluster(SimulatedTraining training, int nodes, TransportSettings settings) {
    this.training = training;
    for (int i = 0; i < nodes; i++) {
      this.nodes.add(new ExecutorNode(new AttemptId("run-1", 0), TOKEN, settings, "jvm-" + i));
    }
  }

  List<NodeAddress> roster() {
    return nodes.stream().map(ExecutorNode::address).toList();
  }

  void start(ExecutorNode node) throws InterruptedException {
    node.start(
        roster(),
        training.plan(),
        training.virtualWorkers(),
        training.protocol(),
        ShardSource.of(ModelState.fresh(training.theta())),
        0);
  }

  /** The tasks of all workers, each from acquiring to finishing; worker w on node w mod nodes. */
  public List<Callable<SimulatedTraining.Result>> tasks(int workers) {
    int[] spans = Workers.spans(training.virtualWorkers(), workers);
    List<Callable<SimulatedTraining.Result>> tasks = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      ExecutorNode node = nodes.get(w % nodes.size());
      node.retain(TOKEN);
      int from = spans[w];
      int to = spans[w + 1];
      tasks.add(
          () -> {
            try {
              start(node);
              SimulatedTraining.Result result = training.work(node.client(), from, to);
              node.finish();
              return result;
            } catch (InterruptedException | RuntimeException e) {
              node.abort(e);
              throw e;
            } finally {
              node.close();
            }
          });
    }
    return tasks;
  }

  /** Ends whatever a test has left open. */
  @Override
  public void close() {
    nodes.forEach(ExecutorNode::shutDown);
  }
}
