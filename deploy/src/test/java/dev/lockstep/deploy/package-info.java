/** Tests of the whole: the packages, the clusters, the command, the rules of the house. */
package dev.lockstep.deploy;
