/** DL4J's own data sets: how they become tensors, and how tensors become a network's arrays. */
package dev.lockstep.trainer.data;
