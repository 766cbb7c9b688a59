package dev.lockstep.deploy.faults;

import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.message.PullMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.rpc.MessageInterceptor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkConf;

/** Injects faults into the JVM that sends, receives or answers a message. */
public final class FaultyMessages implements MessageInterceptor {

  private final FaultFolder faults;

  /** Received by the driver in one attempt. */
  private final AtomicLong reportsHeard = new AtomicLong();

  private FaultyMessages(FaultFolder faults) {
    this.faults = faults;
  }

  /** Installed in each JVM whose Spark settings name a folder of faults. */
  public static final class Provider implements MessageInterceptor.Provider {
    @Override
    public Optional<MessageInterceptor> interceptor(SparkConf conf) {
      String folder = conf.get("spark.hadoop." + FaultFolder.KEY, "");
      return folder.isEmpty()
          ? Optional.empty()
          : Optional.of(new FaultyMessages(new FaultFolder(Path.of(folder))));
    }
  }

  @Override
  public void intercept(Intercepted message) {
    ByteBuffer request = message.request();
    switch (message.moment()) {
      case SENDING_REQUEST -> {
        if (is(MessageType.HELLO, request)) {
          faults.reach(FaultPoint.CONNECTING, 0);
        } else if (is(MessageType.PUSH, request)) {
          Push push = PushMessage.decode(request);
          faults.reach(
              push.frame() == 0 ? FaultPoint.BEFORE_PUSH : FaultPoint.MID_PUSH, push.when().step());
        }
      }
      case HANDLING_REQUEST -> {
        if (isReport(request)) {
          faults.reach(FaultPoint.REPORT_HEARD, reportsHeard.incrementAndGet());
        }
      }
      case SENDING_ANSWER -> {
        if (is(MessageType.PULL, request)) {
          faults.reach(FaultPoint.AFTER_REDUCE, PullMessage.decode(request).version() - 1);
        }
      }
    }
    message.forward().accept(message.bytes());
  }

  private static boolean is(MessageType type, ByteBuffer request) {
    return request.hasRemaining() && request.get(request.position()) == type.code();
  }

  /** Reports to the driver are JSON objects, and not of the parameter server's types. */
  private static boolean isReport(ByteBuffer request) {
    try {
      MessageType unused = MessageType.of(request);
      return false;
    } catch (MessageException e) {
      return true;
    }
  }
}
