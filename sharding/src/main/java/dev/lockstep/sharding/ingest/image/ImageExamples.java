package dev.lockstep.sharding.ingest.image;

import dev.lockstep.sharding.Example;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;

/**
 * The examples of some files of an image folder. After a file that cannot be used it continues with
 * the next one. Lives in an executor.
 */
final class ImageExamples implements Iterator<Example> {

  private final ImageFolder folder;
  private final String[] files;
  private final ImageFeatures features;
  private final Configuration conf;
  private int next;

  ImageExamples(ImageFolder folder, String[] files, ImageFeatures features, Configuration conf) {
    this.folder = folder;
    this.files = files;
    this.features = features;
    this.conf = conf;
  }

  @Override
  public boolean hasNext() {
    return next < files.length;
  }

  @Override
  public Example next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    String file = files[next++];
    try {
      return Example.of(features.read(folder.read(file, conf)), new float[] {folder.classOf(file)});
    } catch (UnreadableImageException e) {
      throw new UncheckedIOException(folder.at(file, e.getMessage()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
