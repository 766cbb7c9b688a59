package dev.lockstep.trainer.loop;

import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.trainer.loop.LoopClock.Activity;
import java.util.List;

/**
 * What a worker does: compute what its virtual workers contribute to a round, sum the subtrees it
 * owns, push them while it goes on computing, pull the parameters, again. Lives in an executor;
 * runs on one thread, which blocks while it waits for data and for the parameter server.
 *
 * <p>The order of every sum is the tree's, whatever range of virtual workers the worker plays.
 */
public final class WorkerLoop {

  private final LoopSpec spec;
  private final LocalComputation computation;
  private final GradientExchange exchange;
  private final RoundListener listener;
  private final LoopClock clock;
  private final List<TreeNode> subtrees;
  private final TreeSum sums;

  /** Of the next outcome. */
  private long outcomesFrom;

  /** A loop whose time nobody asks for. */
  public WorkerLoop(
      LoopSpec spec,
      LocalComputation computation,
      GradientExchange exchange,
      RoundListener listener) {
    this(spec, computation, exchange, listener, new LoopClock());
  }

  /**
   * Does not own what it is given.
   *
   * @param clock where the loop's time is booked
   */
  public WorkerLoop(
      LoopSpec spec,
      LocalComputation computation,
      GradientExchange exchange,
      RoundListener listener,
      LoopClock clock) {
    this.spec = spec;
    this.computation = computation;
    this.exchange = exchange;
    this.listener = listener;
    this.clock = clock;
    this.subtrees = spec.subtrees();
    this.sums =
        new TreeSum(
            new PairwiseTree(spec.workers().all()), computation.length(), computation.rounding());
    this.outcomesFrom = spec.clock().serverStep(spec.firstStep());
  }

  /** Takes all steps of the spec, or those of as many epochs as the listener wants. */
  public void run() {
    float[] vector = new float[computation.length()];
    long began = clock.now();
    exchange.pull(spec.clock().serverStep(spec.firstStep()), Pull.NO_OUTCOMES, vector);
    clock.book(Activity.PARAMETERS, began);
    computation.receive(vector);
    try (PushThread pushes =
        new PushThread("lockstep-push-v" + spec.workers().from(), exchange, sums::giveBack)) {
      long step = spec.firstStep();
      while (step < spec.lastStep()) {
        Round round = new Round(step, spec.schedule().roundEnd(step), spec.schedule().epoch(step));
        for (TreeNode subtree : subtrees) {
          contribute(round, subtree, pushes);
        }
        step = round.endStep();
        Pulled pulled = pull(step, pushes, vector);
        computation.receive(vector);
        outcomesFrom += pulled.outcomes().size();
        tell(round, pulled);
        if (spec.schedule().isEpochStart(step) && listener.endsHere()) {
          break;
        }
      }
    }
    clock.book(Activity.LOOP, began);
  }

  private Pulled pull(long steps, PushThread pushes, float[] vector) {
    long began = clock.now();
    pushes.await();
    Pulled pulled = exchange.pull(spec.required(steps), outcomesFrom, vector);
    clock.book(Activity.PARAMETERS, began);
    return pulled;
  }

  private void tell(Round round, Pulled pulled) {
    long began = clock.now();
    listener.roundTaken(round, pulled.outcomes());
    if (spec.schedule().isEpochStart(round.endStep())) {
      listener.epochTaken(spec.schedule().epoch(round.endStep()));
    }
    clock.book(Activity.BETWEEN_ROUNDS, began);
  }

  private void contribute(Round round, TreeNode subtree, PushThread pushes) {
    StepKey when =
        StepKey.of(
            spec.clock().serverStep(round.firstStep()), spec.clock().epoch(round.firstStep()));
    RoundSum sum = sums.of(subtree, (v, vector) -> computation.contribution(v, round, vector));
    long began = clock.now();
    pushes.push(when, subtree, sum);
    clock.book(Activity.PARAMETERS, began);
    listener.contributed(round, subtree, sum.examples(), sum.losses());
  }
}
