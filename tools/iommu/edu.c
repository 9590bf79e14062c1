// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's "edu" device. See edu.h, and docs/specs/edu.rst of QEMU.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "edu.h"
#include "vfio-device.h"

/* BAR 0 */
#define EDU_ID			0x00
#define EDU_ID_MASK		0x0000ffff
#define EDU_ID_VALUE		0x000000ed
#define EDU_INTERRUPT_RAISE	0x60
#define EDU_INTERRUPT_END	0x64
#define EDU_INTERRUPT_CAUSE	1
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START		0x1
#define EDU_DMA_TO_MEMORY	0x2

/* Where the device's own memory is in the addresses of its DMA engine */
#define EDU_MEMORY		0x40000

#define EDU_BAR_SIZE		(EDU_MEMORY + EDU_MEMORY_SIZE)

#define EDU_POLL_US		2000
#define EDU_SECONDS_MAX		20

static __u32 edu_read32(struct edu *edu, unsigned int reg)
{
	return __atomic_load_n((__u32 *)(edu->bar + reg), __ATOMIC_SEQ_CST);
}

static void edu_write32(struct edu *edu, unsigned int reg, __u32 value)
{
	__atomic_store_n((__u32 *)(edu->bar + reg), value, __ATOMIC_RELEASE);
}

static void edu_write64(struct edu *edu, unsigned int reg, __u64 value)
{
	__atomic_store_n((__u64 *)(edu->bar + reg), value, __ATOMIC_RELEASE);
}

int edu_open(struct edu *edu, int device)
{
	__u64 offset;
	void *bar;
	int rc;

	edu->bar = NULL;
	rc = vfio_enable_dma(device);
	if (rc)
		return rc;
	rc = vfio_region_offset(device, VFIO_PCI_BAR0_REGION_INDEX, &offset);
	if (rc)
		return rc;
	bar = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   device, offset);
	if (bar == MAP_FAILED)
		return -errno;
	edu->bar = bar;
	if ((edu_read32(edu, EDU_ID) & EDU_ID_MASK) != EDU_ID_VALUE) {
		edu_close(edu);
		return -ENODEV;
	}
	return 0;
}

void edu_close(struct edu *edu)
{
	if (edu->bar)
		munmap(edu->bar, EDU_BAR_SIZE);
	edu->bar = NULL;
}

void edu_dma_start(struct edu *edu, enum edu_direction direction, __u64 iova,
		   __u32 length)
{
	bool to_memory = direction == EDU_TO_MEMORY;

	edu_write64(edu, EDU_DMA_SOURCE, to_memory ? EDU_MEMORY : iova);
	edu_write64(edu, EDU_DMA_DESTINATION, to_memory ? iova : EDU_MEMORY);
	edu_write64(edu, EDU_DMA_COUNT, length);
	edu_write32(edu, EDU_DMA_COMMAND,
		    EDU_DMA_START | (to_memory ? EDU_DMA_TO_MEMORY : 0));
}

int edu_dma_wait(struct edu *edu)
{
	time_t start = time(NULL);

	while (edu_read32(edu, EDU_DMA_COMMAND) & EDU_DMA_START) {
		if (time(NULL) - start > EDU_SECONDS_MAX)
			return -ETIMEDOUT;
		usleep(EDU_POLL_US);
	}
	return 0;
}

int edu_dma(struct edu *edu, enum edu_direction direction, __u64 iova,
	    __u32 length)
{
	edu_dma_start(edu, direction, iova, length);
	return edu_dma_wait(edu);
}

void edu_raise_interrupt(struct edu *edu)
{
	edu_write32(edu, EDU_INTERRUPT_RAISE, EDU_INTERRUPT_CAUSE);
}

void edu_end_interrupt(struct edu *edu)
{
	edu_write32(edu, EDU_INTERRUPT_END, EDU_INTERRUPT_CAUSE);
}
