/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's "edu" device: a PCI function with a DMA engine and 4096 bytes of its
 * own memory. What its engine reads and writes passes the IOMMU, so that it
 * proves what an I/O address space lets through.
 *
 * A transfer takes 100 ms. The device emits 28 address bits only.
 */
#ifndef EDU_H
#define EDU_H

#include <linux/types.h>

#define EDU_MEMORY_SIZE 4096
#define EDU_ADDRESS_BITS 28

struct edu {
	int device;		/* VFIO device descriptor */
	__u64 regs;		/* offset of the registers in it */
};

/* Make the device usable. Ends the program if it is not an edu */
void edu_open(struct edu *edu, int device);

/* DMA from @iova into the device's memory. 0, or -1 if it does not end */
int edu_dma_read(struct edu *edu, __u64 iova, __u32 offset, __u32 len);

/* DMA from the device's memory to @iova. 0, or -1 if it does not end */
int edu_dma_write(struct edu *edu, __u64 iova, __u32 offset, __u32 len);

#endif
