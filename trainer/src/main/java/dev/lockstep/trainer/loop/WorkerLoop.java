package dev.lockstep.trainer.loop;

import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.protocol.Consistency;
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

  private final Span span;
  private final LocalComputation contributor;
  private final GradientExchange exchange;
  private final RoundListener listener;
  private final LoopClock clock;
  private final List<TreeNode> subtrees;
  private final TreeSum sums;

  /** Of the next outcome. */
  private long outcomesFrom;

  /**
   * Which part of a run a worker plays.
   *
   * @param seed of the run
   * @param virtualWorkers of the run, V
   * @param from first virtual worker of this worker
   * @param to one after its last
   * @param milestones of the attempt
   * @param consistency how old the parameters may be that a gradient is computed on
   * @param pushSplit levels below the fewest possible subtrees at which sums are pushed
   * @param firstStep steps taken before this attempt
   * @param iterationsBefore optimizer steps that the model had taken before this run
   * @param epochsBefore epochs that it had completed before this run
   */
  public record Span(
      long seed,
      int virtualWorkers,
      int from,
      int to,
      SyncPoints milestones,
      Consistency consistency,
      int pushSplit,
      long firstStep,
      long iterationsBefore,
      int epochsBefore) {

    /** Checks the ranges. */
    public Span {
      if (!(0 <= from && from < to && to <= virtualWorkers)) {
        throw new IllegalArgumentException(
            "virtual workers ["
                + from
                + ", "
                + to
                + ") are not within [0, "
                + virtualWorkers
                + ")");
      }
      if (firstStep < 0 || milestones.lastStep() < firstStep || pushSplit < 0) {
        throw new IllegalArgumentException(
            "steps ["
                + firstStep
                + ", "
                + milestones.lastStep()
                + "), pushSplit="
                + pushSplit
                + " must be a range and >= 0");
      }
    }

    /** How micro-batches make steps and rounds. */
    public StepSchedule pace() {
      return milestones.pace();
    }

    /** Steps taken when the attempt is complete. */
    public long lastStep() {
      return milestones.lastStep();
    }

    /** What the parameter server counts when so many steps of the run are taken. */
    public long version(long steps) {
      return iterationsBefore + pace().clock(steps);
    }

    /** What the parameter server must have taken before a worker goes on after so many steps. */
    long required(long steps) {
      long all = version(steps);
      if (milestones.isMeeting(steps)) {
        return all;
      }
      if (consistency instanceof Consistency.Async) {
        return 0;
      }
      return consistency instanceof Consistency.Bounded bounded
          ? Math.max(0, all - bounded.staleness())
          : all;
    }

    /** What is pushed: asynchronous servers take every virtual worker's gradient by itself. */
    List<TreeNode> subtrees() {
      int depth = consistency instanceof Consistency.Async ? Integer.MAX_VALUE : pushSplit;
      return Subtrees.of(new PairwiseTree(virtualWorkers), from, to, depth);
    }
  }

  /** A loop whose time nobody asks for. */
  public WorkerLoop(
      Span span, LocalComputation contributor, GradientExchange exchange, RoundListener listener) {
    this(span, contributor, exchange, listener, new LoopClock());
  }

  /**
   * Does not own what it is given.
   *
   * @param clock where the loop's time is booked
   */
  public WorkerLoop(
      Span span,
      LocalComputation contributor,
      GradientExchange exchange,
      RoundListener listener,
      LoopClock clock) {
    this.span = span;
    this.contributor = contributor;
    this.exchange = exchange;
    this.listener = listener;
    this.clock = clock;
    this.subtrees = span.subtrees();
    this.sums =
        new TreeSum(
            new PairwiseTree(span.virtualWorkers()), contributor.length(), contributor.rounding());
    this.outcomesFrom = span.version(span.firstStep());
  }

  /** Takes all steps of the span, or those of as many epochs as the listener wants. */
  public void run() {
    float[] vector = new float[contributor.length()];
    long began = clock.now();
    exchange.pull(span.version(span.firstStep()), Pull.NO_OUTCOMES, vector);
    clock.book(Activity.PARAMETERS, began);
    contributor.receive(vector);
    try (PushThread pushes =
        new PushThread("lockstep-push-v" + span.from(), exchange, sums::giveBack)) {
      long step = span.firstStep();
      while (step < span.lastStep()) {
        Round round = new Round(step, span.pace().roundEnd(step), span.pace().epoch(step));
        for (TreeNode subtree : subtrees) {
          contribute(round, subtree, pushes);
        }
        step = round.endStep();
        Pulled pulled = pull(step, pushes, vector);
        contributor.receive(vector);
        outcomesFrom += pulled.outcomes().size();
        tell(round, pulled);
        if (span.pace().isEpochStart(step) && listener.endsHere()) {
          break;
        }
      }
    }
    clock.book(Activity.LOOP, began);
  }

  private Pulled pull(long steps, PushThread pushes, float[] vector) {
    long began = clock.now();
    pushes.await();
    Pulled pulled = exchange.pull(span.required(steps), outcomesFrom, vector);
    clock.book(Activity.PARAMETERS, began);
    return pulled;
  }

  private void tell(Round round, Pulled pulled) {
    long began = clock.now();
    listener.roundTaken(round, pulled.outcomes());
    if (span.pace().isEpochStart(round.endStep())) {
      listener.epochTaken(span.pace().epoch(round.endStep()));
    }
    clock.book(Activity.BETWEEN_ROUNDS, began);
  }

  private void contribute(Round round, TreeNode subtree, PushThread pushes) {
    StepKey when = StepKey.of(span.version(round.firstStep()), span.epochsBefore() + round.epoch());
    RoundSum sum = sums.of(subtree, (v, vector) -> contributor.contribution(v, round, vector));
    long began = clock.now();
    pushes.push(when, subtree, sum);
    clock.book(Activity.PARAMETERS, began);
    listener.contributed(round, subtree, sum.examples(), sum.losses());
  }
}
