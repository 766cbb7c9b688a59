package dev.lockstep.ps.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.compress.Sparsifier;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.reduce.Rounding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CompressedTrainingTest {

  private static final int PARAMETERS = FrameLayout.FRAME + 2 * ShardLayout.CHUNK + 33;
  private static final int V = 7;

  static Stream<SimulatedTraining> trainings() {
    SimulatedTraining clipped =
        new SimulatedTraining(51, PARAMETERS, V, 4, new Clipping.GlobalNorm(0.5));
    SimulatedTraining plain = new SimulatedTraining(52, PARAMETERS, V, 4, new Clipping.None());
    return Stream.of(
        clipped.with(Rounding.BFLOAT16),
        plain.with(Rounding.BFLOAT16),
        clipped.with(Rounding.float16(3 * V)),
        plain.with(Rounding.float16(3 * V)),
        clipped.with(new Sparsifier.TopK(0.01)),
        plain.with(new Sparsifier.TopK(0.1)),
        plain.with(new Sparsifier.Threshold(0.9f)));
  }

  @ParameterizedTest
  @MethodSource("trainings")
  void sameBitsOnAnyNumberOfShardsAndWorkers(SimulatedTraining training) throws Exception {
    float[] expected = training.expectedTheta();
    for (int shards : new int[] {1, 2, 3}) {
      for (int workers : new int[] {1, 2, 4, V}) {
        MemoryCluster cluster = new MemoryCluster(training, shards);
        for (SimulatedTraining.Result result : work(training, cluster, workers)) {
          assertArrayEquals(expected, result.theta());
        }
        assertEquals(List.of(), cluster.failures);
      }
    }
  }

  @Test
  void compressionChangesBits() {
    SimulatedTraining plain = new SimulatedTraining(53, 9000, V, 3, new Clipping.None());
    for (SimulatedTraining other :
        List.of(
            plain.with(Rounding.BFLOAT16),
            plain.with(Rounding.float16(3 * V)),
            plain.with(new Sparsifier.TopK(0.1)))) {
      assertFalse(Arrays.equals(plain.expectedTheta(), other.expectedTheta()));
    }
  }

  private static List<SimulatedTraining.Result> work(
      SimulatedTraining training, MemoryCluster cluster, int workers) throws Exception {
    int[] spans = Workers.spans(V, workers);
    List<Callable<SimulatedTraining.Result>> tasks = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      int from = spans[w];
      int to = spans[w + 1];
      tasks.add(() -> training.work(cluster.client(), from, to));
    }
    return Workers.run(tasks);
  }
}
