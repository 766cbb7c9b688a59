package dev.lockstep.ps.transport;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;

/**
 * A way of moving a model between two JVMs, for {@link PushPullBenchmark}: every step each side
 * sends half a gradient and half of θ, and receives as much.
 */
interface Exchange {

  /** What the other side needs to find this one. */
  String address();

  /** Connects to the other side, at its {@link #address}. Both sides do. */
  void connect(String there) throws Exception;

  /** One step; returns when all its answers are in. */
  void step() throws Exception;

  /** Ends it; both sides have made their last step. */
  void close() throws Exception;

  /** The connection on which the two JVMs agree what comes next. */
  record Control(Socket socket) {

    /** Tells the other side and hears what it tells. */
    String swap(String text) throws IOException {
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      out.writeUTF(text);
      out.flush();
      return new DataInputStream(socket.getInputStream()).readUTF();
    }
  }
}
