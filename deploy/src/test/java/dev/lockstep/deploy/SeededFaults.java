package dev.lockstep.deploy;

import dev.lockstep.deploy.faults.Fault;
import dev.lockstep.deploy.faults.FaultAction;
import dev.lockstep.deploy.faults.FaultPoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Faults drawn from a seed: the same for the same seed. The next one comes some steps after the one
 * before, or while the cluster restarts after that one.
 */
final class SeededFaults {

  private static final int LEAST_GAP = 3;
  private static final int GAPS = 14;

  /** Percentage of faults that hit the restart after the fault before. */
  private static final int IN_A_ROW_PERCENT = 20;

  private final Random random;

  SeededFaults(long seed) {
    this.random = new Random(seed);
  }

  /**
   * Kills for one training.
   *
   * @param points to draw from
   * @param stepsPerPush steps of the run for each of its pushes
   */
  List<Fault> kills(int count, List<FaultPoint> points, int stepsPerPush) {
    List<Fault> faults = new ArrayList<>();
    int step = 0;
    while (faults.size() < count) {
      step += LEAST_GAP + random.nextInt(GAPS);
      if (!faults.isEmpty() && random.nextInt(100) < IN_A_ROW_PERCENT) {
        faults.add(Fault.kill(FaultPoint.CONNECTING, 0));
      } else {
        FaultPoint point = points.get(random.nextInt(points.size()));
        faults.add(Fault.kill(point, isOfPush(point) ? step / stepsPerPush : step));
      }
    }
    return faults;
  }

  /** The same with some of the pushes paused instead of killed. */
  List<Fault> withPauses(List<Fault> faults, int pauses) {
    List<Fault> mixed = new ArrayList<>(faults);
    for (int i = 0; i < pauses; i++) {
      int at = random.nextInt(mixed.size());
      mixed.add(at, new Fault(FaultPoint.BEFORE_PUSH, mixed.get(at).step(), FaultAction.PAUSE));
    }
    return mixed;
  }

  /**
   * Steps after which all of these were injected, a checkpoint every ten steps given, and some that
   * executors take before the driver hears of the last one.
   */
  static int stepsFor(List<Fault> faults, int stepsPerPush) {
    long last = 0;
    for (Fault fault : faults) {
      last = Math.max(last, fault.step() * (isOfPush(fault.point()) ? stepsPerPush : 1));
    }
    return (int) last + 80;
  }

  private static boolean isOfPush(FaultPoint point) {
    return point == FaultPoint.BEFORE_PUSH
        || point == FaultPoint.MID_PUSH
        || point == FaultPoint.AFTER_REDUCE;
  }
}
