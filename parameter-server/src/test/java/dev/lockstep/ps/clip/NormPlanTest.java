package dev.lockstep.ps.clip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.ps.GoldenFiles;
import dev.lockstep.ps.Serialized;
import dev.lockstep.ps.clip.Clipping.LayerNormalization;
import dev.lockstep.ps.clip.Clipping.Mode;
import dev.lockstep.ps.clip.GradientBlock.Content;
import dev.lockstep.ps.clip.NormPartials.GroupSum;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.reduce.TreeNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class NormPlanTest {

  private static final int CHUNK = ShardLayout.CHUNK;
  private static final long EXAMPLES = 96;

  /** Blocks that straddle chunks, share chunks, skip chunks; statistics and an undivided block. */
  private static final List<GradientBlock> MODEL =
      model(
          layer(0, 9000, Division.BY_EXAMPLES, Content.GRADIENT),
          layer(0, 13, Division.BY_EXAMPLES, Content.GRADIENT),
          layer(1, 300, Division.BY_EXAMPLES, Content.GRADIENT),
          layer(1, 300, Division.BY_EXAMPLES, Content.STATISTICS),
          layer(2, 5 * CHUNK + 1, Division.NONE, Content.GRADIENT),
          layer(2, 1, Division.NONE, Content.GRADIENT),
          layer(3, 20_000, Division.BY_EXAMPLES, Content.GRADIENT));

  private static final List<Clipping> NEED_NORMS =
      List.of(
          new Clipping.GlobalNorm(1),
          byLayer(Mode.RENORMALIZE_L2_PER_LAYER),
          byLayer(Mode.RENORMALIZE_L2_PER_PARAM_TYPE),
          byLayer(Mode.CLIP_L2_PER_LAYER),
          byLayer(Mode.CLIP_L2_PER_PARAM_TYPE));

  @Test
  void normsHaveTheSameBitsOnAnyNumberOfServers() throws Exception {
    float[] sum = gaussian(parameters(MODEL), 1);
    Random random = new Random(2);
    for (Clipping clipping : NEED_NORMS) {
      NormPlan plan = NormPlan.of(MODEL, clipping);
      double[] expected = norms(plan, sum, 1, random);
      for (int servers = 2; servers <= 17; servers++) {
        assertArrayEquals(expected, norms(plan, sum, servers, random));
      }
    }
  }

  @Test
  void normsFollowTheDefinitionToTheBit() throws Exception {
    float[] sum = gaussian(parameters(MODEL), 3);
    assertArrayEquals(
        new double[] {definition(sum, List.of(0, 1, 2, 4, 5, 6))},
        norms(NormPlan.of(MODEL, new Clipping.GlobalNorm(1)), sum, 3, new Random(4)));
    assertArrayEquals(
        new double[] {
          definition(sum, List.of(0, 1)),
          definition(sum, List.of(2, 3)),
          definition(sum, List.of(4, 5)),
          definition(sum, List.of(6))
        },
        norms(NormPlan.of(MODEL, byLayer(Mode.CLIP_L2_PER_LAYER)), sum, 3, new Random(4)));
    double[] perBlock = new double[MODEL.size()];
    for (int b = 0; b < perBlock.length; b++) {
      perBlock[b] = definition(sum, List.of(b));
    }
    assertArrayEquals(
        perBlock,
        norms(NormPlan.of(MODEL, byLayer(Mode.CLIP_L2_PER_PARAM_TYPE)), sum, 3, new Random(4)));
  }

  /** Frozen: clipped runs depend on it. */
  @Test
  void theOrderOfSummationIsTheReleasedOne() throws Exception {
    float[] sum = new float[parameters(MODEL)];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = ((i * 7919L) % 10_007 - 5003) / 97f;
    }
    double[] norms = norms(NormPlan.of(MODEL, new Clipping.GlobalNorm(1)), sum, 4, new Random(5));
    assertEquals("0x1.0a6ac4a317f0ap12", Double.toHexString(norms[0]));
  }

  @Test
  void normsAreThoseOfTheDividedGradient() throws Exception {
    float[] sum = gaussian(parameters(MODEL), 6);
    double squares = 0;
    for (int b = 0; b < MODEL.size(); b++) {
      GradientBlock block = MODEL.get(b);
      if (block.content() == Content.GRADIENT) {
        double divisor = block.division() == Division.NONE ? 1 : EXAMPLES;
        for (int i = block.block().offset(); i < block.block().end(); i++) {
          squares += sum[i] / divisor * (sum[i] / divisor);
        }
      }
    }
    NormPlan plan = NormPlan.of(MODEL, new Clipping.GlobalNorm(1));
    assertEquals(Math.sqrt(squares), norms(plan, sum, 2, new Random(7))[0], 1e-6);
  }

  @Test
  void nothingNeedsNoNorms() {
    for (Clipping clipping :
        List.of(
            new Clipping.None(),
            new Clipping.ByValue(1),
            byLayer(Mode.CLIP_ELEMENT_WISE_ABSOLUTE_VALUE))) {
      NormPlan plan = NormPlan.of(MODEL, clipping);
      assertEquals(0, plan.groups());
      for (int b = 0; b < MODEL.size(); b++) {
        assertEquals(1f, plan.factor(b, null));
      }
    }
  }

  @Test
  void lockstepsClippingLeavesStatisticsAlone() {
    NormPlan byNorm = NormPlan.of(MODEL, new Clipping.GlobalNorm(1));
    NormPlan byValue = NormPlan.of(MODEL, new Clipping.ByValue(0.25));
    for (int b = 0; b < MODEL.size(); b++) {
      boolean statistics = MODEL.get(b).content() == Content.STATISTICS;
      assertEquals(statistics ? 1f : 0.5f, byNorm.factor(b, new double[] {2 - 1e-6}));
      assertEquals(statistics ? Float.POSITIVE_INFINITY : 0.25f, byValue.limit(b));
    }
  }

  @Test
  void anInfiniteGlobalNormIsMeasuredAndScalesNothing() throws Exception {
    NormPlan measured = NormPlan.of(MODEL, new Clipping.GlobalNorm(Double.POSITIVE_INFINITY));
    float[] sum = gaussian(parameters(MODEL), 8);
    double[] norms = norms(measured, sum, 3, new Random(9));
    NormPlan clipped = NormPlan.of(MODEL, new Clipping.GlobalNorm(1));
    assertArrayEquals(norms(clipped, sum, 3, new Random(9)), norms);
    for (double norm : new double[] {0, norms[0], Double.POSITIVE_INFINITY}) {
      for (int b = 0; b < MODEL.size(); b++) {
        assertEquals(1f, measured.factor(b, new double[] {norm}));
      }
    }
  }

  @Test
  void dl4jsNormalizationTakesTheWholeLayer() {
    NormPlan limits = NormPlan.of(MODEL, byLayer(Mode.CLIP_ELEMENT_WISE_ABSOLUTE_VALUE));
    assertEquals(0.5f, limits.limit(3));
    NormPlan perLayer = NormPlan.of(MODEL, byLayer(Mode.RENORMALIZE_L2_PER_LAYER));
    double[] norms = {1, 4, 1, 1};
    assertEquals(0.25f, perLayer.factor(2, norms));
    assertEquals(0.25f, perLayer.factor(3, norms));
  }

  @Test
  void dl4jsModesScaleAsTheirFormulas() {
    double[] layerNorms = {0, 0.25, 0.5, 2};
    assertFactors(byLayer(Mode.RENORMALIZE_L2_PER_LAYER), layerNorms, 1e5, 1e5, 4, 4, 2, 2, 0.5);
    assertFactors(byLayer(Mode.CLIP_L2_PER_LAYER), layerNorms, 1, 1, 1, 1, 1, 1, 0.25);
    double[] blockNorms = {0, 0.25, 0.5, 1, 2, 4, 8};
    assertFactors(
        byLayer(Mode.RENORMALIZE_L2_PER_PARAM_TYPE), blockNorms, 1e5, 4, 2, 1, 0.5, 0.25, 0.125);
    assertFactors(
        byLayer(Mode.CLIP_L2_PER_PARAM_TYPE), blockNorms, 1, 1, 1, 0.5, 0.25, 0.125, 0.0625);
  }

  @Test
  void layersWithoutNormalizationAreLeftAlone() {
    NormPlan plan =
        NormPlan.of(
            MODEL,
            new Clipping.ByLayer(
                List.of(new LayerNormalization(2, Mode.RENORMALIZE_L2_PER_LAYER, 0))));
    assertEquals(1, plan.groups());
    assertEquals(1f, plan.factor(0, new double[] {4}));
    assertEquals(0.25f, plan.factor(4, new double[] {4}));
    assertEquals(1f, plan.factor(6, new double[] {4}));
  }

  @Test
  void aModelOfStatisticsAloneHasNormZero() {
    List<GradientBlock> model = model(layer(0, 10, Division.BY_EXAMPLES, Content.STATISTICS));
    NormPlan plan = NormPlan.of(model, new Clipping.GlobalNorm(1));
    NormPartials partials = plan.partials(new float[10], 0, 10, 1);
    assertArrayEquals(new double[] {0}, plan.norms(List.of(partials)));
  }

  @Test
  void gradientsThatAreNotFiniteHaveSuchANorm() throws Exception {
    NormPlan plan = NormPlan.of(MODEL, new Clipping.GlobalNorm(1));
    float[] sum = gaussian(parameters(MODEL), 8);
    sum[9005] = Float.NaN;
    double[] norms = norms(plan, sum, 3, new Random(9));
    assertEquals(Double.NaN, norms[0]);
    assertEquals(Float.NaN, plan.factor(0, norms));
  }

  @Test
  void refusesPartsThatDoNotCoverTheVector() {
    NormPlan plan = NormPlan.of(MODEL, new Clipping.GlobalNorm(1));
    float[] sum = gaussian(parameters(MODEL), 10);
    ShardLayout shards = new ShardLayout(sum.length, 2);
    NormPartials first = partials(plan, sum, shards, 0);
    NormPartials second = partials(plan, sum, shards, 1);
    String message =
        "norm partials cover chunks %s, not each of [0, 13) once: one part per server is needed";
    assertEquals(message.formatted("[[0, 6)]"), rejection(plan, List.of(first)));
    assertEquals(message.formatted("[[6, 13)]"), rejection(plan, List.of(second)));
    assertEquals(
        message.formatted("[[0, 6), [0, 6), [6, 13)]"),
        rejection(plan, List.of(first, second, first)));
    assertEquals(message.formatted("[]"), rejection(plan, List.of()));
  }

  @Test
  void refusesSumsOfOtherSubtrees() {
    NormPlan plan = NormPlan.of(MODEL, new Clipping.GlobalNorm(1));
    TreeNode stranger = new TreeNode(0, 3);
    NormPartials part = new NormPartials(0, 13, List.of(new GroupSum(0, stranger, 1)));
    assertEquals(
        "norm partials of chunks [0, 13) have sums of [%s]: those are not its subtrees"
            .formatted(stranger),
        rejection(plan, List.of(part)));
    assertEquals(
        "chunks [3, 2) must be an ascending range from >= 0",
        assertThrows(IllegalArgumentException.class, () -> new NormPartials(3, 2, List.of()))
            .getMessage());
  }

  @Test
  void refusesRangesThatAreNotOnChunks() {
    NormPlan plan = NormPlan.of(MODEL, new Clipping.GlobalNorm(1));
    int parameters = parameters(MODEL);
    assertEquals(
        "[begin=0, end=5000) must be a range of [0, parameters=%d) on multiples of 4096"
            .formatted(parameters),
        assertThrows(
                IllegalArgumentException.class,
                () -> plan.partials(new float[5000], 0, 5000, EXAMPLES))
            .getMessage());
    assertEquals(
        "values length=10 < end-begin=4096",
        assertThrows(
                IllegalArgumentException.class,
                () -> plan.partials(new float[10], 0, CHUNK, EXAMPLES))
            .getMessage());
  }

  @Test
  void refusesToClipWithoutTheNorms() {
    NormPlan plan = NormPlan.of(MODEL, new Clipping.GlobalNorm(1));
    assertEquals(
        "norms=null: this plan needs 1 of them; join the partials of all servers first",
        assertThrows(IllegalArgumentException.class, () -> plan.factor(0, null)).getMessage());
  }

  @TestFactory
  Stream<DynamicTest> agreesWithPyTorch() throws IOException {
    return GoldenFiles.cases("clipping.json").stream()
        .map(c -> DynamicTest.dynamicTest(c.get("name").asText(), () -> agreesWithPyTorch(c)));
  }

  private static void agreesWithPyTorch(JsonNode golden) {
    String kind = golden.get("kind").asText();
    assumeTrue(kind.equals("norm") || kind.equals("value"), "not offered: " + kind);
    double threshold = golden.get("threshold").asDouble();
    Clipping clipping =
        kind.equals("norm") ? new Clipping.GlobalNorm(threshold) : new Clipping.ByValue(threshold);
    GradientBlock[] blocks = new GradientBlock[golden.get("grads").size()];
    List<Float> sum = new ArrayList<>();
    for (int b = 0; b < blocks.length; b++) {
      float[] grads = GoldenFiles.floats(golden.get("grads").get(b));
      blocks[b] = layer(b, grads.length, Division.BY_EXAMPLES, Content.GRADIENT);
      for (float grad : grads) {
        sum.add(grad);
      }
    }
    float[] gradients = new float[sum.size()];
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] = sum.get(i);
    }
    NormPlan plan = NormPlan.of(model(blocks), clipping);
    double[] norms = plan.norms(List.of(plan.partials(gradients, 0, gradients.length, 1)));
    if (kind.equals("norm")) {
      assertEquals(golden.get("total_norm").asDouble(), norms[0], 1e-6 * norms[0]);
    }
    int i = 0;
    for (int b = 0; b < blocks.length; b++) {
      for (double expected : GoldenFiles.doubles(golden.get("clipped").get(b))) {
        float scaled = gradients[i++] * plan.factor(b, norms);
        float clipped = Math.max(-plan.limit(b), Math.min(plan.limit(b), scaled));
        assertEquals(expected, clipped, 3e-7 * Math.abs(expected));
      }
    }
  }

  /** The definition of a norm, written down without cleverness. */
  private static double definition(float[] sum, List<Integer> blocks) {
    int chunks = ShardLayout.chunks(sum.length);
    Double[] leaves = new Double[chunks];
    for (int chunk = 0; chunk < chunks; chunk++) {
      for (int b : blocks) {
        Block block = MODEL.get(b).block();
        int from = Math.max(chunk * CHUNK, block.offset());
        int to = Math.min((chunk + 1) * CHUNK, block.end());
        if (from < to) {
          double[] lane = new double[8];
          for (int i = from; i < to; i++) {
            double x = sum[i] / MODEL.get(b).division().divisor(EXAMPLES);
            lane[(i - from) % 8] += x * x;
          }
          double segment =
              ((lane[0] + lane[1]) + (lane[2] + lane[3]))
                  + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
          leaves[chunk] = leaves[chunk] == null ? segment : leaves[chunk] + segment;
        }
      }
    }
    return Math.sqrt(joined(leaves, 0, Integer.highestOneBit(2 * chunks - 1)));
  }

  private static Double joined(Double[] leaves, int from, int span) {
    if (from >= leaves.length) {
      return null;
    }
    if (span == 1) {
      return leaves[from];
    }
    Double left = joined(leaves, from, span / 2);
    Double right = joined(leaves, from + span / 2, span / 2);
    return left == null ? right : right == null ? left : Double.valueOf(left + right);
  }

  private static void assertFactors(Clipping clipping, double[] norms, double... expected) {
    NormPlan plan = NormPlan.of(MODEL, clipping);
    assertEquals(norms.length, plan.groups());
    for (int b = 0; b < expected.length; b++) {
      assertEquals((float) expected[b], plan.factor(b, norms), "block " + b);
    }
  }

  private static double[] norms(NormPlan plan, float[] sum, int servers, Random random)
      throws IOException, ClassNotFoundException {
    ShardLayout shards = new ShardLayout(sum.length, servers);
    List<NormPartials> parts = new ArrayList<>();
    for (int shard = 0; shard < servers; shard++) {
      parts.add(Serialized.copy(partials(plan, sum, shards, shard)));
    }
    Collections.shuffle(parts, random);
    return plan.norms(parts);
  }

  private static NormPartials partials(NormPlan plan, float[] sum, ShardLayout shards, int shard) {
    int begin = shards.begin(shard);
    int end = shards.end(shard);
    return plan.partials(Arrays.copyOfRange(sum, begin, end), begin, end, EXAMPLES);
  }

  private static String rejection(NormPlan plan, List<NormPartials> parts) {
    return assertThrows(IllegalArgumentException.class, () -> plan.norms(parts)).getMessage();
  }

  private static Clipping byLayer(Mode mode) {
    List<LayerNormalization> layers = new ArrayList<>();
    for (int layer = 0; layer < 4; layer++) {
      layers.add(new LayerNormalization(layer, mode, 0.5));
    }
    return new Clipping.ByLayer(layers);
  }

  private static GradientBlock layer(int layer, int length, Division division, Content content) {
    return new GradientBlock(new Block("?", layer, 0, length), division, content);
  }

  /** The blocks put behind each other. */
  private static List<GradientBlock> model(GradientBlock... blocks) {
    List<GradientBlock> placed = new ArrayList<>();
    int offset = 0;
    for (GradientBlock block : blocks) {
      int length = block.block().length();
      Block at = new Block("b" + placed.size(), block.block().layer(), offset, length);
      placed.add(new GradientBlock(at, block.division(), block.content()));
      offset += length;
    }
    return placed;
  }

  private static int parameters(List<GradientBlock> model) {
    return model.get(model.size() - 1).block().end();
  }

  private static float[] gaussian(int length, long seed) {
    Random random = new Random(seed);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) (random.nextGaussian() * 100);
    }
    return values;
  }
}
