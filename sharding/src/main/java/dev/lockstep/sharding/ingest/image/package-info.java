/** Folders of images: a Spark job, and the decoding of image files to channels of numbers. */
package dev.lockstep.sharding.ingest.image;
