/**
 * Models with their parameters: read from files, also untrusted ones, and written in DL4J's format.
 */
package dev.lockstep.trainer.model.file;
