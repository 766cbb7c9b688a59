package dev.lockstep.ps.reduce;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Bytes of float32 values that are rounded, encoded or decoded in a nanosecond (GB/s), a frame. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class WireFormatBenchmark {

  private static final int FRAME = 65_536;
  private static final int FRAME_BYTES = FRAME * Float.BYTES;

  @Param public WireFormat format;

  private float[] values;
  private ByteBuffer bytes;

  @Setup
  public void setup() {
    Random random = new Random(1);
    values = new float[FRAME];
    for (int i = 0; i < FRAME; i++) {
      values[i] = (float) (random.nextGaussian() * Math.pow(10, -random.nextInt(8)));
    }
    bytes = ByteBuffer.allocate(format.encodedLength(FRAME));
    encode();
  }

  @Benchmark
  @OperationsPerInvocation(FRAME_BYTES)
  public float round() {
    format.round(values, 0, FRAME);
    return values[0];
  }

  @Benchmark
  @OperationsPerInvocation(FRAME_BYTES)
  public byte encode() {
    format.encode(FloatBuffer.wrap(values), bytes, 0);
    return bytes.get(0);
  }

  @Benchmark
  @OperationsPerInvocation(FRAME_BYTES)
  public float decode() {
    format.decode(bytes, 0, FloatBuffer.wrap(values));
    return values[0];
  }

  /** Runs it. */
  public static void main(String[] args) throws RunnerException {
    new Runner(new OptionsBuilder().include(WireFormatBenchmark.class.getSimpleName()).build())
        .run();
  }
}
