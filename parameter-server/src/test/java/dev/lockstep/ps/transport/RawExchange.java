package dev.lockstep.ps.transport;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A blocking TCP connection for each way, written from one array and read into one, in 256 KiB
 * calls: what the machine's loopback does for a JVM.
 */
final class RawExchange implements Exchange {

  private static final int CALL = 256 * 1024;

  private final int bytes;
  private final ServerSocket listener;
  private final ExecutorService writer = Executors.newSingleThreadExecutor();
  private Socket out;
  private Socket in;

  /** An exchange of so many bytes each way and step. */
  RawExchange(int bytes) throws IOException {
    this.bytes = bytes;
    this.listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  @Override
  public String address() {
    return Integer.toString(listener.getLocalPort());
  }

  @Override
  public void connect(String there) throws IOException {
    out = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(there));
    out.setTcpNoDelay(true);
    in = listener.accept();
  }

  @Override
  public void step() throws Exception {
    CompletableFuture<Void> written = CompletableFuture.runAsync(this::write, writer);
    DataInputStream stream = new DataInputStream(in.getInputStream());
    byte[] buffer = new byte[CALL];
    for (int received = 0; received < bytes; received += CALL) {
      stream.readFully(buffer, 0, Math.min(CALL, bytes - received));
    }
    written.get();
  }

  private void write() {
    try {
      byte[] buffer = new byte[CALL];
      for (int sent = 0; sent < bytes; sent += CALL) {
        out.getOutputStream().write(buffer, 0, Math.min(CALL, bytes - sent));
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    writer.shutdown();
    listener.close();
    out.close();
    in.close();
  }
}
