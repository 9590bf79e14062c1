/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's "edu" device: a PCI function with a DMA engine and 4096 bytes of its
 * own memory. What its engine reads and writes passes the IOMMU, so that it
 * proves what an I/O address space lets through.
 *
 * A transfer takes 100 ms. The device emits 28 address bits only. Functions
 * return 0 or a negative errno.
 */
#ifndef EDU_H
#define EDU_H

#include <linux/types.h>

#define EDU_MEMORY_SIZE		4096
#define EDU_ADDRESS_BITS	28

struct edu {
	__u8 *bar;	/* registers */
};

enum edu_direction {
	EDU_FROM_MEMORY,	/* into the device's own memory */
	EDU_TO_MEMORY,
};

/* Make @device, a VFIO device descriptor, usable; -ENODEV if it is not an edu */
int edu_open(struct edu *edu, int device);
void edu_close(struct edu *edu);

/* Start a transfer between @iova and the beginning of the device's memory */
void edu_dma_start(struct edu *edu, enum edu_direction direction, __u64 iova,
		   __u32 length);

/* Wait for its end; -ETIMEDOUT if there is none */
int edu_dma_wait(struct edu *edu);

/* Both */
int edu_dma(struct edu *edu, enum edu_direction direction, __u64 iova,
	    __u32 length);

/* Raise the device's interrupt, and end that */
void edu_raise_interrupt(struct edu *edu);
void edu_end_interrupt(struct edu *edu);

#endif
