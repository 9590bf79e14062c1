/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's "edu" device as a DMA engine, driven from user space through its
 * VFIO character device. What it reads and writes proves a translation.
 *
 * The device has a buffer of 4096 bytes. One DMA copies memory into the buffer
 * or the buffer into memory, and takes about 100 ms. It puts 28 bits of
 * address on the bus. Functions return 0 or a negative errno.
 */
#ifndef __EDU_H
#define __EDU_H

#include "iommu_ioctl.h"
#include <linux/vfio.h>

#define EDU_BUFFER_SIZE		4096
#define EDU_ADDRESS_LAST	0x0fffffffULL

struct edu {
	int fd;			/* character device */
	__u32 dev_id;		/* after bind */
	__u8 *bar;	/* registers, after bind */
};

enum edu_direction {
	EDU_FROM_MEMORY,
	EDU_TO_MEMORY,
};

int edu_open(struct edu *edu, const char *bdf);
void edu_close(struct edu *edu);

int edu_bind_flags(struct edu *edu, int iommufd, __u32 flags, __u64 cookie);
int edu_bind(struct edu *edu, int iommufd, __u64 cookie);
int edu_attach(struct edu *edu, __u32 *pt_id);
int edu_detach(struct edu *edu);

/* Start a transfer of @length bytes between @iova and the buffer's start */
void edu_dma_start(struct edu *edu, enum edu_direction direction, __u64 iova,
		   __u32 length);
int edu_dma_wait(struct edu *edu);
int edu_dma(struct edu *edu, enum edu_direction direction, __u64 iova,
	    __u32 length);

#endif
