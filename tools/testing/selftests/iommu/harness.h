/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftests' harness, with a time limit for each test that holds on a
 * debug kernel in an emulated machine on a busy host, too. A test that takes
 * longer is stuck.
 */
#ifndef __SELFTESTS_IOMMU_HARNESS_H
#define __SELFTESTS_IOMMU_HARNESS_H

#include "../kselftest_harness.h"

/* Seconds */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#endif
