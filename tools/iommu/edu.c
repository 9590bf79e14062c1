// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's "edu" device. See edu.h, and docs/specs/edu of QEMU.
 */
#include <err.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "edu.h"
#include "vfio-device.h"

#define EDU_ID			0x00
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_RUN		0x1
#define EDU_DMA_TO_MEMORY	0x2

#define EDU_ID_MASK		0x0000ffff
#define EDU_ID_VALUE		0x000000ed

/* Where the device's own memory is in the addresses of its DMA engine */
#define EDU_MEMORY		0x40000

#define EDU_POLL_US		5000
#define EDU_TIMEOUT_US		5000000

static __u32 edu_get(struct edu *edu, unsigned int reg)
{
	__u32 value;

	if (pread(edu->device, &value, sizeof(value), edu->regs + reg) !=
	    sizeof(value))
		err(1, "reading edu register %#x", reg);
	return value;
}

static void edu_set(struct edu *edu, unsigned int reg, __u32 value)
{
	if (pwrite(edu->device, &value, sizeof(value), edu->regs + reg) !=
	    sizeof(value))
		err(1, "writing edu register %#x", reg);
}

void edu_open(struct edu *edu, int device)
{
	__u32 id;

	vfio_enable_dma(device);
	edu->device = device;
	edu->regs = vfio_region_offset(device, VFIO_PCI_BAR0_REGION_INDEX);
	id = edu_get(edu, EDU_ID);
	if ((id & EDU_ID_MASK) != EDU_ID_VALUE)
		errx(1, "not an edu device: its ID register is %#x", id);
}

static int edu_dma(struct edu *edu, __u32 source, __u32 destination,
		   __u32 len, __u32 direction)
{
	unsigned int waited;

	edu_set(edu, EDU_DMA_SOURCE, source);
	edu_set(edu, EDU_DMA_DESTINATION, destination);
	edu_set(edu, EDU_DMA_COUNT, len);
	edu_set(edu, EDU_DMA_COMMAND, EDU_DMA_RUN | direction);

	for (waited = 0; waited < EDU_TIMEOUT_US; waited += EDU_POLL_US) {
		if (!(edu_get(edu, EDU_DMA_COMMAND) & EDU_DMA_RUN))
			return 0;
		usleep(EDU_POLL_US);
	}
	return -1;
}

int edu_dma_read(struct edu *edu, __u64 iova, __u32 offset, __u32 len)
{
	return edu_dma(edu, iova, EDU_MEMORY + offset, len, 0);
}

int edu_dma_write(struct edu *edu, __u64 iova, __u32 offset, __u32 len)
{
	return edu_dma(edu, EDU_MEMORY + offset, iova, len, EDU_DMA_TO_MEMORY);
}
