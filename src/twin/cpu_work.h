// A batch's kernels on CPU cores, for a board without a GPU.
//
// Every online core computes its part of each kernel. Time of a kernel: compute and memory as a
// roofline (Williams, Waterman, Patterson, 2009) of which the share `overlap` of the shorter hides;
// compute shortens with the cores as Amdahl's law says (1967); each kernel wakes the threads and
// waits for the last. A core switches `vector_activity` while it computes and `stall_activity`
// while it waits for memory or for the others.
#pragma once

#include "twin/work.h"

namespace isojoule::twin {

// Fills matrix_macs, lane_ops, bytes and cpu_times of `work`: for each number of cores up to the
// constants' and each entry of the CPU's table.
void add_cpu_times(BatchWork& work, const NetworkCost& cost, const NetworkConstants& network,
                   const Constants& constants, double memory_share);

// Where cpu_times holds this clock (the nearest entry of the table) and number of cores.
std::size_t cpu_time_index(const Constants& constants, Hertz cpu, int cores);

}  // namespace isojoule::twin
