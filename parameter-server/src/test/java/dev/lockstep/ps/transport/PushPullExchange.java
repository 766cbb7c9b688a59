package dev.lockstep.ps.transport;

import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.server.ShardSource;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Lockstep's own: two workers, two shards, plain SGD. Half of every vector goes to the shard of the
 * same JVM, in memory; the other half through the socket.
 */
final class PushPullExchange implements Exchange {

  private static final String TOKEN = "token";

  private final float[] theta;
  private final float[] gradient;
  private final ExecutorNode node;
  private ParameterClient client;
  private int worker;
  private long step;

  /** A model of so many bytes. */
  PushPullExchange(int bytes) {
    this.theta = new float[bytes / Float.BYTES];
    this.gradient = new float[theta.length];
    Arrays.fill(gradient, 0.5f);
    this.node =
        ExecutorNode.acquire(
            new AttemptId("benchmark", bytes), TOKEN, TransportSettings.loopback());
  }

  @Override
  public String address() {
    return node.address().text();
  }

  @Override
  public void connect(String there) throws InterruptedException {
    NodeAddress other = NodeAddress.parse(there);
    UpdatePlan plan =
        UpdatePlan.uniform(
            new ParameterLayout(List.of(new Block("0_W", 0, 0, theta.length))),
            UpdateRule.of(new Dl4jOptimizer.Sgd(new Schedule.Fixed(0.1))),
            new Clipping.None());
    var roster =
        Stream.of(node.address(), other).sorted(Comparator.comparing(NodeAddress::text)).toList();
    worker = roster.indexOf(node.address());
    node.start(roster, plan, 2, Protocol.SYNC, ShardSource.of(ModelState.fresh(theta)), 0);
    client = node.client();
  }

  @Override
  public void step() throws InterruptedException {
    client.push(StepKey.of(step, 0), new TreeNode(0, worker), Contribution.of(1, 0), gradient);
    client.pull(step + 1, Pull.NO_OUTCOMES, theta);
    step++;
  }

  @Override
  public void close() throws InterruptedException {
    node.finish();
    node.close();
  }
}
