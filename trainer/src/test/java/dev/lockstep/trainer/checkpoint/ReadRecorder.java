package dev.lockstep.trainer.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * Local files under the scheme {@code recorded}, which notes every range of bytes that is read, and
 * by which thread.
 */
public final class ReadRecorder extends RawLocalFileSystem {

  private static final ConcurrentLinkedQueue<Read> READS = new ConcurrentLinkedQueue<>();

  /**
   * One read.
   *
   * @param file name of its folder and its own, as {@code step-000000000012/manifest.json}
   */
  public record Read(String thread, String file, long from, long to) {

    /** How many bytes. */
    public long bytes() {
      return to - from;
    }
  }

  /** Settings under which {@code recorded:///folder} is a local folder. */
  public static Configuration configure(Configuration settings) {
    settings.set("fs.recorded.impl", ReadRecorder.class.getName());
    settings.setBoolean("fs.recorded.impl.disable.cache", true);
    return settings;
  }

  /** What was read since the last call. */
  public static List<Read> take() {
    List<Read> taken = new ArrayList<>();
    for (Read one = READS.poll(); one != null; one = READS.poll()) {
      taken.add(one);
    }
    return taken;
  }

  @Override
  public String getScheme() {
    return "recorded";
  }

  @Override
  public java.net.URI getUri() {
    return java.net.URI.create("recorded:///");
  }

  @Override
  public FSDataInputStream open(Path file, int bufferSize) throws IOException {
    // Bytes that a buffer fetches ahead are read, too.
    return new FSDataInputStream(
        new Recorded(super.open(file, 1), file.getParent().getName() + "/" + file.getName()));
  }

  private static final class Recorded extends FSInputStream {

    private final FSDataInputStream in;
    private final String file;

    Recorded(FSDataInputStream in, String file) {
      this.in = in;
      this.file = file;
    }

    private int note(long from, int count) {
      if (count > 0) {
        READS.add(new Read(Thread.currentThread().getName(), file, from, from + count));
      }
      return count;
    }

    @Override
    public int read() throws IOException {
      long from = in.getPos();
      int value = in.read();
      return note(from, value < 0 ? 0 : 1) == 0 ? -1 : value;
    }

    @Override
    public int read(byte[] into, int at, int length) throws IOException {
      long from = in.getPos();
      return note(from, in.read(into, at, length));
    }

    @Override
    public void seek(long to) throws IOException {
      in.seek(to);
    }

    @Override
    public long getPos() throws IOException {
      return in.getPos();
    }

    @Override
    public boolean seekToNewSource(long target) throws IOException {
      return in.seekToNewSource(target);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
