/** Records of TensorFlow's file format and the examples in them: plain Java, without Spark. */
package dev.lockstep.sharding.ingest.tfrecord;
