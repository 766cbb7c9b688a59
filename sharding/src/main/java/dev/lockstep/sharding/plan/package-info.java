/** Who reads which example when: pure functions of integers and a seed. Frozen once released. */
package dev.lockstep.sharding.plan;
