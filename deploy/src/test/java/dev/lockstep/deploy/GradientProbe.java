package dev.lockstep.deploy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/**
 * A fixed gradient, computed by DL4J from a batch that went through Arrow: what a JVM must be able
 * to do before it can be a worker. Runs on the driver and in executors.
 */
final class GradientProbe {

  private static final int INPUTS = 300;
  private static final int CLASSES = 10;
  private static final int EXAMPLES = 64;
  private static final String NATIVES =
      "/org/nd4j/linalg/cpu/nativecpu/bindings/linux-x86_64-onednn-avx2/libnd4jcpu.so";
  private static final String SHADED_BUILDER = "dev.lockstep.shaded.flatbuffers.FlatBufferBuilder";

  /** Identifies this JVM. */
  private static final String JVM = UUID.randomUUID().toString();

  private GradientProbe() {}

  /** Runs it in as many tasks, and thus executors of one core. */
  static List<Outcome> run(JavaSparkContext spark, int executors) {
    return spark
        .parallelize(Collections.nCopies(executors, 0), executors)
        .map(task -> run())
        .collect();
  }

  /**
   * The gradient, and the JVM that computed it.
   *
   * @param jvm differs from JVM to JVM
   * @param sha256 of the gradient as little-endian float32
   * @param backend jar of ND4J's classes
   * @param natives jar and entry of ND4J's native code
   * @param flatbuffers the class that ND4J serializes graphs with
   * @param profile values of {@link SparkCluster#PROFILE_VARIABLES}
   */
  record Outcome(
      String jvm,
      String sha256,
      String backend,
      String natives,
      String flatbuffers,
      List<String> profile)
      implements Serializable {}

  static Outcome run() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(1)
            .list()
            .layer(
                new DenseLayer.Builder()
                    .nIn(INPUTS)
                    .nOut(257)
                    .activation(Activation.RELU)
                    .dropOut(0.8)
                    .build())
            .layer(new BatchNormalization.Builder().nOut(257).build())
            .layer(
                new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                    .nIn(257)
                    .nOut(CLASSES)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();

    Random random = new Random(2);
    float[] features = new float[EXAMPLES * INPUTS];
    for (int i = 0; i < features.length; i++) {
      features[i] = random.nextFloat();
    }
    INDArray labels = Nd4j.zeros(EXAMPLES, CLASSES);
    for (int i = 0; i < EXAMPLES; i++) {
      labels.putScalar(i, random.nextInt(CLASSES), 1);
    }
    network.setInput(Nd4j.create(throughArrow(features), new int[] {EXAMPLES, INPUTS}));
    network.setLabels(labels);
    Nd4j.getRandom().setSeed(3L);
    network.computeGradientAndScore();

    INDArray gradient = network.getFlattenedGradients();
    ByteBuffer bytes =
        ByteBuffer.allocate((int) gradient.length() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long i = 0; i < gradient.length(); i++) {
      bytes.putFloat(gradient.getFloat(i));
    }
    Class<?> backend = Nd4j.getBackend().getClass();
    return new Outcome(
        JVM,
        sha256(bytes.array()),
        backend.getProtectionDomain().getCodeSource().getLocation().toString(),
        backend.getResource(NATIVES).toString(),
        flatbuffersOfNd4j(),
        SparkCluster.PROFILE_VARIABLES.stream().map(System::getenv).toList());
  }

  private static float[] throughArrow(float[] values) {
    try (RootAllocator allocator = new RootAllocator();
        Float4Vector vector = new Float4Vector("values", allocator)) {
      vector.allocateNew(values.length);
      FloatBuffer target =
          vector
              .getDataBuffer()
              .nioBuffer(0, values.length * Float.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN)
              .asFloatBuffer();
      target.put(values);
      for (int i = 0; i < values.length; i++) {
        vector.setIndexDefined(i);
      }
      vector.setValueCount(values.length);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      VectorSchemaRoot written = VectorSchemaRoot.of(vector);
      try (ArrowStreamWriter writer = new ArrowStreamWriter(written, null, bytes)) {
        writer.writeBatch();
        writer.end();
      }
      try (ArrowStreamReader reader =
          new ArrowStreamReader(new ByteArrayInputStream(bytes.toByteArray()), allocator)) {
        reader.loadNextBatch();
        Float4Vector read = (Float4Vector) reader.getVectorSchemaRoot().getVector("values");
        float[] copy = new float[read.getValueCount()];
        read.getDataBuffer()
            .nioBuffer(0, copy.length * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer()
            .get(copy);
        return copy;
      }
    } catch (IOException e) {
      throw new IllegalStateException("Arrow round trip failed", e);
    }
  }

  private static String flatbuffersOfNd4j() {
    try {
      return org.nd4j.graph.FlatArray.class
          .getMethod("startFlatArray", Class.forName(SHADED_BUILDER))
          .getParameterTypes()[0]
          .getName();
    } catch (ClassNotFoundException | NoSuchMethodException e) {
      return "not relocated";
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
