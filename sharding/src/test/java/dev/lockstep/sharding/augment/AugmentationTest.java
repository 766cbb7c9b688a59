package dev.lockstep.sharding.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.RandomSource;
import dev.lockstep.sharding.plan.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AugmentationTest {

  private static final int CHANNELS = 2;
  private static final int HEIGHT = 5;
  private static final int WIDTH = 7;
  private static final TensorSpec IMAGE = features(CHANNELS, HEIGHT, WIDTH);
  private static final int VALUES = CHANNELS * HEIGHT * WIDTH;

  private static TensorSpec features(Integer... shape) {
    return new TensorSpec(
        "x", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(shape));
  }

  private static final TensorSpec LABELS =
      new TensorSpec("y", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(3));

  /** Values that are all different, and not zero. */
  private static float[] image() {
    float[] image = new float[VALUES];
    for (int i = 0; i < VALUES; i++) {
      image[i] = 1 + i;
    }
    return image;
  }

  /** What becomes of the second of three images; the others must stay as they are. */
  private static float[] applied(Augmentation augmentation, long seed) {
    float[] three = new float[3 * VALUES];
    System.arraycopy(image(), 0, three, VALUES, VALUES);
    augmentation.apply(three, VALUES, IMAGE, new RandomSource(seed));
    float[] changed = new float[VALUES];
    System.arraycopy(three, VALUES, changed, 0, VALUES);
    for (int i = 0; i < VALUES; i++) {
      assertEquals(0, three[i]);
      assertEquals(0, three[2 * VALUES + i]);
    }
    return changed;
  }

  private static int at(int channel, int y, int x) {
    return (channel * HEIGHT + y) * WIDTH + x;
  }

  @Test
  void flipsMirrorOrLeaveAnImage() {
    float[] mirrored = new float[VALUES];
    for (int c = 0; c < CHANNELS; c++) {
      for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
          mirrored[at(c, y, x)] = image()[at(c, y, WIDTH - 1 - x)];
        }
      }
    }
    for (long seed = 0; seed < 20; seed++) {
      boolean flips = new RandomSource(seed).next() < 0;
      assertArrayEquals(flips ? mirrored : image(), applied(new RandomFlip(), seed));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void cropsAreThoseOfAPaddedCopy(int padding) {
    for (long seed = 0; seed < 300; seed++) {
      RandomSource random = new RandomSource(seed);
      int top = random.below(2 * padding + 1);
      int left = random.below(2 * padding + 1);
      float[][][] padded = new float[CHANNELS][HEIGHT + 2 * padding][WIDTH + 2 * padding];
      float[] expected = new float[VALUES];
      for (int c = 0; c < CHANNELS; c++) {
        for (int y = 0; y < HEIGHT; y++) {
          for (int x = 0; x < WIDTH; x++) {
            padded[c][y + padding][x + padding] = image()[at(c, y, x)];
          }
        }
        for (int y = 0; y < HEIGHT; y++) {
          for (int x = 0; x < WIDTH; x++) {
            expected[at(c, y, x)] = padded[c][top + y][left + x];
          }
        }
      }
      assertArrayEquals(expected, applied(new RandomCrop(padding), seed));
    }
  }

  @Test
  void noiseIsAddedToEveryValue() {
    float[] expected = image();
    RandomSource random = new RandomSource(9);
    for (int i = 0; i < VALUES; i++) {
      expected[i] += (float) (0.25 * random.gaussian());
    }
    assertArrayEquals(expected, applied(new GaussianNoise(0.25), 9));
  }

  @Test
  void noiseIsNormal() {
    int n = 200_000;
    float[] values = new float[n];
    new GaussianNoise(0.5).apply(values, 0, features(n), new RandomSource(4));
    double mean = 0;
    double square = 0;
    double fourth = 0;
    int within = 0;
    for (float value : values) {
      double x = value / 0.5;
      mean += x / n;
      square += x * x / n;
      fourth += x * x * x * x / n;
      within += Math.abs(x) < 1 ? 1 : 0;
    }
    assertEquals(0, mean, 4 / Math.sqrt(n));
    assertEquals(1, square, 4 * Math.sqrt(2.0 / n));
    assertEquals(3, fourth, 4 * Math.sqrt(96.0 / n));
    assertEquals(0.6827, within / (double) n, 0.005);
  }

  @Test
  void flipsAndCropsAreEquallyLikely() {
    int n = 20_000;
    int flips = 0;
    int[][] places = new int[3][3];
    for (int seed = 0; seed < n; seed++) {
      long mixed = Seeds.mix(seed);
      flips += applied(new RandomFlip(), mixed)[0] == 1 ? 0 : 1;
      float[] moved = applied(new RandomCrop(1), mixed);
      // Where the center of the first channel went.
      for (int y = 0; y < 3; y++) {
        for (int x = 0; x < 3; x++) {
          places[y][x] += moved[at(0, y + 1, x + 2)] == image()[at(0, 2, 3)] ? 1 : 0;
        }
      }
    }
    assertEquals(0.5, flips / (double) n, 0.015);
    for (int[] row : places) {
      for (int count : row) {
        assertEquals(1 / 9.0, count / (double) n, 0.01);
      }
    }
  }

  /** Frozen: the same on every machine, whatever the JDK. */
  @Test
  void randomNumbersAreThoseOfSplitMix64() {
    RandomSource random = new RandomSource(1234567);
    assertEquals(6457827717110365317L, random.next());
    assertEquals(3203168211198807973L, random.next());
    long hash = 0;
    for (int i = 0; i < 1000; i++) {
      hash =
          Seeds.mix(
              hash,
              Double.doubleToLongBits(random.uniform()),
              Double.doubleToLongBits(random.gaussian()),
              random.below(7));
    }
    assertEquals("da965e7d3f573169", Long.toHexString(hash));
    assertRefused("bound=0 must be >= 1", () -> random.below(0));
  }

  @Test
  void oneAfterTheOtherEachWithNumbersOfItsOwnForEveryExampleAndEpoch() {
    List<Augmentation> both = List.of(new RandomCrop(1), new GaussianNoise(0.1));
    List<TensorSpec> tensors = List.of(LABELS, IMAGE);
    List<List<Float>> seen = new ArrayList<>();
    for (int epoch = 0; epoch < 2; epoch++) {
      for (int block = 0; block < 2; block++) {
        for (int blockRow = 0; blockRow < 2; blockRow++) {
          float[] expected = image();
          long[] place = {0x4155474D454E54L, 77, epoch, block, blockRow};
          for (int i = 0; i < both.size(); i++) {
            RandomSource random =
                new RandomSource(Seeds.mix(place[0], place[1], place[2], place[3], place[4], i));
            both.get(i).apply(expected, 0, IMAGE, random);
          }
          float[] found = new float[2 * VALUES];
          System.arraycopy(image(), 0, found, VALUES, VALUES);
          float[] labels = new float[6];
          new Augmenter(both, tensors, 77, epoch).apply(block, blockRow, List.of(labels, found), 1);
          assertArrayEquals(new float[6], labels);
          List<Float> changed = new ArrayList<>();
          for (int i = 0; i < VALUES; i++) {
            assertEquals(expected[i], found[VALUES + i]);
            changed.add(found[VALUES + i]);
          }
          assertTrue(!seen.contains(changed));
          seen.add(changed);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"flip", "crop:2", "noise:0.05"})
  void whatIsPrintedIsWhatIsRead(String text) {
    assertEquals(text, Augmentation.parse(" " + text).toString());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    String known = " is unknown: give flip, crop:PIXELS or noise:SIGMA; others only from Java";
    for (String text : List.of("", "turn", "flip:2", "crop", "crop:", "crop:x", "noise:")) {
      assertRefused("augmentation=" + text + known, () -> Augmentation.parse(text));
    }
    assertRefused(
        "augmentation=crop:0 must pad by at least 1 pixel: raise it or leave it out",
        () -> Augmentation.parse("crop:0"));
    for (String sigma : List.of("-0.5", "0.0", "1.0E300")) {
      assertRefused(
          "augmentation=noise:"
              + sigma
              + " is not a finite standard deviation > 0: give one, or leave it out",
          () -> Augmentation.parse("noise:" + sigma));
    }
    assertRefused(
        "augmentation=flip with tensor x of shape=[70]: only images, of shape [channels, height,"
            + " width], can be changed so; leave it out",
        () -> Augmenter.requireFit(List.of(new RandomFlip()), List.of(features(70))));
    assertRefused(
        "augmentation=crop:5 with tensor x of shape=[2, 5, 7]: 5 >= 5 pixels could move the whole"
            + " image out of sight; lower it",
        () -> Augmenter.requireFit(List.of(new RandomCrop(5)), List.of(IMAGE)));
    TensorSpec other =
        new TensorSpec("z", TensorSpec.Role.FEATURES, TensorSpec.Encoding.CLASS_INDEX, List.of(3));
    assertRefused(
        "augmentation=[noise:1.0] needs exactly one float32 tensor of features, the dataset has"
            + " [x FLOAT32, z CLASS_INDEX]: leave it out",
        () -> Augmenter.requireFit(List.of(new GaussianNoise(1)), List.of(IMAGE, other)));
  }

  private static void assertRefused(String message, Executable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run).getMessage());
  }
}
