package dev.lockstep.trainer.numeric;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The native libraries that ND4J really loaded in this JVM. JavaCPP takes the first variant it
 * finds on the class path, trying {@code -avx512}, {@code -avx2}, {@code -onednn-avx2}, {@code
 * -onednn-avx512}, {@code -onednn} and plain in this order (Nd4jCpuPresets lists them, Loader reads
 * the list backwards), unless {@code -Dorg.bytedeco.javacpp.platform.extension} names one.
 *
 * @param classifier for example {@code linux-x86_64-onednn-avx2}
 * @param blas file of the BLAS library
 */
public record LoadedNatives(String classifier, String blas) {

  private static final String JAVACPP_LIBRARY =
      "org/bytedeco/javacpp/linux-x86_64/libjnijavacpp.so";

  /**
   * Loads ND4J, if it is not yet loaded, and reads which libraries it loaded.
   *
   * @throws IllegalStateException if the class path has no native libraries
   */
  public static LoadedNatives load() {
    requireOnClassPath();
    Nd4j.getBackend();
    String classifier = "unknown";
    String blas = "unknown";
    for (Map.Entry<String, String> library :
        new TreeMap<>(Loader.getLoadedLibraries()).entrySet()) {
      if (library.getKey().contains("nd4jcpu")) {
        Path folder = Path.of(library.getValue()).getParent();
        classifier = folder == null ? classifier : String.valueOf(folder.getFileName());
      } else if (library.getKey().startsWith("openblas") || library.getKey().startsWith("mkl_rt")) {
        blas = String.valueOf(Path.of(library.getValue()).getFileName());
      }
    }
    return new LoadedNatives(classifier, blas);
  }

  /**
   * Loads ND4J and checks that it runs on the profile's natives. Check the environment first.
   *
   * @throws IllegalStateException naming both, and the remedy
   */
  public static LoadedNatives of(NumericProfile profile) {
    LoadedNatives loaded = load();
    if (!profile.natives().equals(NumericProfile.ANY)
        && !profile.natives().equals(loaded.classifier())) {
      throw new IllegalStateException(
          "numeric profile "
              + profile.name()
              + " wants the natives "
              + profile.natives()
              + ", but "
              + loaded.classifier()
              + " are loaded: put natives-"
              + profile.name()
              + ".jar on the class path and no other natives, or choose --numeric-profile");
    }
    return loaded;
  }

  /**
   * Checks that the class path has native libraries, of any profile, without loading ND4J.
   *
   * @throws IllegalStateException naming the remedy
   */
  public static void requireOnClassPath() {
    requireOnClassPathOf(LoadedNatives.class.getClassLoader());
  }

  static void requireOnClassPathOf(ClassLoader loader) {
    if (loader.getResource(JAVACPP_LIBRARY) == null) {
      throw new IllegalStateException(
          "DL4J's native libraries are not on the class path: start commands with"
              + " deploy/bin/lockstep, or add --jars natives-PROFILE.jar to spark-submit"
              + " (deploy/bin/lockstep --print-submit shows its path)");
    }
  }

  /** Bytes that DL4J may hold outside the heap of this JVM. */
  public static long mostOffHeapBytes() {
    return Pointer.maxBytes();
  }

  /** Whether these natives were built with oneDNN. */
  public boolean hasOneDnn() {
    return classifier.contains("onednn");
  }
}
