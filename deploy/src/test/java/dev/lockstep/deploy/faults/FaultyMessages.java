package dev.lockstep.deploy.faults;

import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.rpc.MessageFault;
import dev.lockstep.ps.transport.rpc.MessageFaults;
import dev.lockstep.ps.transport.rpc.WireMessage;
import dev.lockstep.ps.transport.rpc.WireMessage.Moment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkConf;

/**
 * Injects faults into the JVM that sends or handles a message. Named in {@code
 * spark.lockstep.ps.faults}.
 */
public final class FaultyMessages implements MessageFaults {

  private final FaultFolder faults;

  /** Received by the driver in one attempt. */
  private final AtomicLong reportsHeard = new AtomicLong();

  /** Reads where the faults are. */
  public FaultyMessages(SparkConf conf) {
    this.faults = new FaultFolder(Path.of(conf.get("spark.hadoop." + FaultFolder.KEY)));
  }

  @Override
  public MessageFault fate(WireMessage message) {
    if (message.type() == MessageType.HELLO && message.moment() == Moment.SENDING_REQUEST) {
      faults.reach(FaultPoint.CONNECTING, 0);
    } else if (message.type() == MessageType.PUSH && message.moment() == Moment.SENDING_REQUEST) {
      faults.reach(
          message.frame() == 0 ? FaultPoint.BEFORE_PUSH : FaultPoint.MID_PUSH, message.step());
    } else if (message.type() == MessageType.PULL && message.moment() == Moment.SENDING_ANSWER) {
      faults.reach(FaultPoint.AFTER_REDUCE, message.step());
    } else if (message.type() == MessageType.FOREIGN
        && message.moment() == Moment.HANDLING_REQUEST) {
      faults.reach(FaultPoint.REPORT_HEARD, reportsHeard.incrementAndGet());
    }
    return MessageFault.PASS;
  }
}
