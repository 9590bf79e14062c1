// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest of a VMM does with an assigned edu device: DMA both ways, and
 * an interrupt. This is not in the list of tests: scripts/guest/qemu-l2 gives it
 * to a guest to run.
 *
 * If the guest has an IOMMU it does DMA to IOVAs; else the device is used in
 * VFIO's no-IOMMU mode, and does DMA to the guest's physical addresses.
 *
 *   edu_guest DEVICE...	PCI addresses
 */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "edu_device.h"
#include "vfio_ioctl.h"

#define IOVA		0x100000ULL
#define PATIENCE_MS	20000

/* Registers of edu */
#define EDU_IRQ_RAISE	0x60
#define EDU_IRQ_ACK	0x64

static __u32 pattern(__u32 seed, size_t i)
{
	return seed * 2654435761u + i;
}

static void fill(__u32 *p, __u32 seed)
{
	for (size_t i = 0; i < EDU_MEMORY_SIZE / sizeof(*p); i++)
		p[i] = pattern(seed, i);
}

/* Where the device finds what is mapped at IOVA; itself behind an IOMMU */
static __u64 dma_address(int fd, __u32 ioas)
{
	struct iommu_ioas_noiommu_get_pa cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = IOVA,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd);

	if (rc == -ENODEV)
		return IOVA;
	if (rc)
		errx(1, "IOMMU_IOAS_NOIOMMU_GET_PA: %s", strerror(-rc));
	return cmd.out_phys;
}

/* From @memory to the device, and back */
static void do_dma(struct edu *edu, __u32 *memory, __u64 address, __u32 seed)
{
	fill(memory, seed);
	if (edu_dma(edu, EDU_FROM_MEMORY, address, EDU_MEMORY_SIZE))
		errx(1, "the device did not read");
	memset(memory, 0, EDU_MEMORY_SIZE);
	if (edu_dma(edu, EDU_TO_MEMORY, address, EDU_MEMORY_SIZE))
		errx(1, "the device did not write");
	for (size_t i = 0; i < EDU_MEMORY_SIZE / sizeof(*memory); i++)
		if (memory[i] != pattern(seed, i))
			errx(1, "word %zu is 0x%x", i, memory[i]);
	printf("the device read memory and wrote it back, at 0x%llx\n", address);
}

/* The same IOVA leads to other memory, and then nowhere */
static void remap(int fd, __u32 ioas, struct edu *edu, __u32 *memory)
{
	__u32 *other = memory_map(EDU_MEMORY_SIZE);
	int rc;

	rc = ioas_unmap(fd, ioas, IOVA, EDU_MEMORY_SIZE) ?:
	     ioas_map_fixed(fd, ioas, other, EDU_MEMORY_SIZE, IOVA);
	if (rc)
		errx(1, "mapping anew: %s", strerror(-rc));
	do_dma(edu, other, IOVA, 2);
	if (memory[0] != pattern(1, 0))
		errx(1, "the device wrote to memory that was unmapped");

	rc = ioas_unmap(fd, ioas, IOVA, EDU_MEMORY_SIZE);
	if (rc)
		errx(1, "unmapping: %s", strerror(-rc));
	memset(other, 0, EDU_MEMORY_SIZE);
	edu_dma(edu, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE);
	for (size_t i = 0; i < EDU_MEMORY_SIZE / sizeof(*other); i++)
		if (other[i])
			errx(1, "the device wrote where nothing is mapped");
	printf("the device follows what is mapped and unmapped\n");
	munmap(other, EDU_MEMORY_SIZE);
}

static void write_register(void *reg, __u32 value)
{
	__atomic_store_n((__u32 *)reg, value, __ATOMIC_RELEASE);
}

static void take_interrupt(struct edu_device *dev)
{
	struct {
		struct vfio_irq_set set;
		int fd;
	} irq = {
		.set = {
			.argsz = sizeof(irq),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_MSI_IRQ_INDEX,
			.count = 1,
		},
		.fd = eventfd(0, EFD_CLOEXEC),
	};
	__u8 *bar = dev->engine.bar;
	struct pollfd poll_fd = { .fd = irq.fd, .events = POLLIN };
	int rc;

	rc = iommu_ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &irq);
	if (rc)
		errx(1, "VFIO_DEVICE_SET_IRQS: %s", strerror(-rc));
	write_register(bar + EDU_IRQ_RAISE, 1);
	if (poll(&poll_fd, 1, PATIENCE_MS) != 1)
		errx(1, "there was no interrupt");
	write_register(bar + EDU_IRQ_ACK, 1);
	close(irq.fd);
	printf("the device raised an interrupt\n");
}

static void use_device(const char *bdf)
{
	struct edu_device dev = {};
	int fd = iommu_open();
	__u32 ioas, pt, *memory;
	__u64 address;
	int rc;

	if (fd < 0)
		errx(1, "/dev/iommu: %s", strerror(-fd));
	memory = memory_map(EDU_MEMORY_SIZE);
	rc = ioas_alloc(fd, &ioas) ?: edu_device_open(&dev, bdf) ?:
	     edu_device_bind(&dev, fd, 1);
	pt = ioas;
	rc = rc ?: edu_device_attach(&dev, &pt);
	rc = rc ?: ioas_map_fixed(fd, ioas, memory, EDU_MEMORY_SIZE, IOVA);
	if (rc)
		errx(1, "%s: %s", bdf, strerror(-rc));
	address = dma_address(fd, ioas);
	do_dma(&dev.engine, memory, address, 1);
	if (address == IOVA)
		remap(fd, ioas, &dev.engine, memory);
	take_interrupt(&dev);
	edu_device_close(&dev);
	close(fd);
	munmap(memory, EDU_MEMORY_SIZE);
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	if (argc < 2)
		errx(1, "name a device");
	for (int i = 1; i < argc; i++)
		use_device(argv[i]);
	return 0;
}
