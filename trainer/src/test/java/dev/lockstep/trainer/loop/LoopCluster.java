package dev.lockstep.trainer.loop;

import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.ps.schedule.StepTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Workers on threads of their own, and the sums and updates of a server between them. */
public final class LoopCluster {

  private final PairwiseTree tree;
  private final NormPlan norms;
  private final ShardOptimizer optimizer;
  private final float[] vector;
  private TreeReduction<float[]> sums;
  private long examples;
  private double lossSum;
  private long version;

  /**
   * A server before its first round.
   *
   * @param plan of the server
   * @param vector it begins with
   * @param stateOrNull of its optimizer
   * @param version it begins with
   */
  public LoopCluster(
      int virtualWorkers, UpdatePlan plan, float[] vector, float[][] stateOrNull, long version) {
    this.tree = new PairwiseTree(virtualWorkers);
    this.norms = plan.normPlan();
    this.optimizer = new ShardOptimizer(plan, 0, plan.layout().parameters());
    if (stateOrNull != null) {
      optimizer.restore(stateOrNull);
    }
    this.vector = vector.clone();
    this.version = version;
    this.sums = TreeReduction.ofVectors(tree);
  }

  /** What the server holds. */
  public synchronized float[] vector() {
    return vector.clone();
  }

  /** The state of the server's optimizer. */
  public synchronized float[][] state() {
    float[][] copy = new float[optimizer.state().length][];
    for (int k = 0; k < copy.length; k++) {
      copy[k] = optimizer.state()[k].clone();
    }
    return copy;
  }

  /** Runs workers to their end. */
  public static void run(List<Runnable> workers) {
    ExecutorService threads = Executors.newFixedThreadPool(workers.size());
    try {
      List<Future<?>> running = new ArrayList<>();
      workers.forEach(worker -> running.add(threads.submit(worker)));
      for (Future<?> one : running) {
        one.get(60, TimeUnit.SECONDS);
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  /** A worker's view of the server. */
  public GradientExchange exchange() {
    return new GradientExchange() {
      @Override
      public void push(
          long step, int epoch, TreeNode node, long count, double loss, float[] gradient) {
        LoopCluster.this.push(step, epoch, node, count, loss, gradient);
      }

      @Override
      public Outcome pull(long step, float[] theta) {
        return LoopCluster.this.pull(step, theta);
      }
    };
  }

  private synchronized void push(
      long step, int epoch, TreeNode node, long count, double loss, float[] gradient) {
    if (step != version) {
      throw new IllegalStateException("push of " + step + " at version " + version);
    }
    sums.add(node, count == 0 ? null : gradient.clone());
    examples += count;
    lossSum += loss;
    if (sums.isComplete()) {
      float[] sum = sums.result();
      double[] values =
          norms.groups() == 0
              ? null
              : norms.norms(List.of(norms.partials(sum, 0, sum.length, examples)));
      optimizer.update(vector, sum, 0, vector.length, examples, values, StepTime.of(step, epoch));
      version++;
      sums = TreeReduction.ofVectors(tree);
      examples = 0;
      notifyAll();
    }
  }

  private synchronized GradientExchange.Outcome pull(long step, float[] theta) {
    try {
      while (version <= step) {
        wait();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    System.arraycopy(vector, 0, theta, 0, theta.length);
    return new GradientExchange.Outcome(1, lossSum, Double.NaN);
  }
}
