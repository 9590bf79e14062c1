/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's log, read for what an IOMMU driver says of a DMA that it stopped.
 */
#ifndef __KERNEL_LOG_H
#define __KERNEL_LOG_H

#include <stddef.h>

/* Return a file descriptor that reads what is logged from now on, or -errno */
int kernel_log_open(void);

/*
 * The next message about a fault, without its newline. The IOMMU raises an
 * interrupt for a fault: it is waited for, two seconds at most, whatever else is
 * logged meanwhile. Return 0, -ETIMEDOUT if there is none, or another negative
 * errno.
 */
int kernel_log_fault(int log, char *message, size_t size);

#endif
