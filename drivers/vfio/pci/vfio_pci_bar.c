// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs that other devices may do DMA to.
 *
 * While a device is open, each of its BARs that user space can mmap is device
 * memory: an IOMMU fd can map it into an I/O address space, found by a mapping
 * of user space or through a DMA-BUF. It is available exactly while user space
 * could access it: memory decoding is enabled, the device is awake, and nobody
 * resets it. When the device is closed it goes for good.
 *
 * vdev->bar_memory does not change while the device is open. Whether it is
 * available is decided under memory_lock, but those who have it mapped are not
 * waited for there: they change page tables, and a fault of user space takes
 * memory_lock. So they are locked out (vfio_pci_bars_block()) before memory_lock
 * is taken to do something to the device, and told of the outcome after it was
 * released. vdev->bars_blocked
 * says, under memory_lock, that its holder did the former.
 */
#include <linux/device_memory.h>
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "vfio_pci_priv.h"

MODULE_IMPORT_NS(DMA_BUF);

static bool bars_enabled(struct vfio_pci_core_device *vdev)
{
	return !vdev->pm_runtime_engaged && __vfio_pci_memory_enabled(vdev);
}

void vfio_pci_bars_open(struct vfio_pci_core_device *vdev)
{
	unsigned int bar;
	bool enabled;

	down_read(&vdev->memory_lock);
	enabled = bars_enabled(vdev);
	up_read(&vdev->memory_lock);
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		struct resource *res = &vdev->pdev->resource[bar];

		/* Without memory for this, it cannot be mapped for DMA */
		if (vdev->bar_mmap_supported[bar])
			vdev->bar_memory[bar] =
				device_memory_alloc(res->start,
						    PAGE_ALIGN(resource_size(res)),
						    enabled);
	}
}

void vfio_pci_bars_close(struct vfio_pci_core_device *vdev)
{
	struct device_memory *memory[PCI_STD_NUM_BARS];
	unsigned int bar;

	/* The device may just be waking up, see vfio_pci_up_write_memory_lock() */
	down_write(&vdev->memory_lock);
	memcpy(memory, vdev->bar_memory, sizeof(memory));
	memset(vdev->bar_memory, 0, sizeof(vdev->bar_memory));
	up_write(&vdev->memory_lock);
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (!memory[bar])
			continue;
		device_memory_set_enabled(memory[bar], false);
		device_memory_sync(memory[bar]);
		device_memory_put(memory[bar]);
	}
}

/*
 * Nobody has a BAR mapped for DMA from here to vfio_pci_bars_unblock(), which finds
 * out anew whether the device answers
 */
void vfio_pci_bars_block(struct vfio_pci_core_device *vdev)
{
	unsigned int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (vdev->bar_memory[bar])
			device_memory_block(vdev->bar_memory[bar]);
}

void vfio_pci_bars_unblock(struct vfio_pci_core_device *vdev)
{
	struct device_memory *memory;
	unsigned int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		memory = vdev->bar_memory[bar];
		if (!memory)
			continue;
		down_read(&vdev->memory_lock);
		device_memory_set_enabled(memory, bars_enabled(vdev));
		up_read(&vdev->memory_lock);
		device_memory_unblock(memory);
	}
}

/* Release memory_lock after what may have made the BARs come or go */
void vfio_pci_up_write_memory_lock(struct vfio_pci_core_device *vdev)
{
	struct device_memory *memory[PCI_STD_NUM_BARS];
	bool blocked = vdev->bars_blocked;
	unsigned int bar, n = 0;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (!vdev->bar_memory[bar])
			continue;
		memory[n] = vdev->bar_memory[bar];
		device_memory_set_enabled(memory[n], bars_enabled(vdev));
		device_memory_get(memory[n++]);
	}
	vdev->bars_blocked = false;
	up_write(&vdev->memory_lock);
	while (n--) {
		if (blocked)
			device_memory_unblock(memory[n]);
		else
			device_memory_sync(memory[n]);
		device_memory_put(memory[n]);
	}
}

/* The BAR behind a mapping, see vfio_pci_core_mmap() */
static struct device_memory *find_bar_memory(struct vm_area_struct *vma,
					     unsigned long va, size_t *offset)
{
	struct vfio_pci_core_device *vdev = vma->vm_private_data;
	phys_addr_t phys = PFN_PHYS(vma->vm_pgoff) + (va - vma->vm_start);
	struct device_memory *memory;
	unsigned int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		memory = vdev->bar_memory[bar];
		if (!memory || phys < memory->phys ||
		    phys - memory->phys >= memory->length)
			continue;
		device_memory_get(memory);
		*offset = phys - memory->phys;
		return memory;
	}
	return NULL;
}

static struct device_memory_finder bar_finder = {
	.find = find_bar_memory,
};

void vfio_pci_bars_init(const struct vm_operations_struct *vm_ops)
{
	bar_finder.vm_ops = vm_ops;
	device_memory_add_finder(&bar_finder);
}

void vfio_pci_bars_exit(void)
{
	device_memory_remove_finder(&bar_finder);
}

/*
 * VFIO_DEVICE_FEATURE_DMA_BUF
 */

static int check_dma_buf_args(const struct vfio_device_feature_dma_buf *args)
{
	if (args->flags ||
	    args->open_flags & ~(u32)(O_CLOEXEC | O_ACCMODE) ||
	    (args->open_flags & O_ACCMODE) == O_WRONLY ||
	    !args->nr_ranges || args->region_index >= PCI_STD_NUM_BARS)
		return -EINVAL;
	/* An importer is shown memory that is contiguous */
	if (args->nr_ranges > 1)
		return -EOPNOTSUPP;
	return 0;
}

int vfio_pci_core_feature_dma_buf(struct vfio_device *device, u32 flags,
				  void __user *arg, size_t argsz)
{
	struct vfio_pci_core_device *vdev =
		container_of(device, struct vfio_pci_core_device, vdev);
	struct vfio_device_feature_dma_buf __user *uargs = arg;
	struct vfio_device_feature_dma_buf args;
	struct vfio_region_dma_range range;
	struct device_memory *memory;
	struct dma_buf *dmabuf;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(args) + sizeof(range));
	if (ret != 1)
		return ret;
	if (copy_from_user(&args, uargs, sizeof(args)) ||
	    copy_from_user(&range, &uargs->dma_ranges, sizeof(range)))
		return -EFAULT;
	ret = check_dma_buf_args(&args);
	if (ret)
		return ret;
	/* A driver that has its own mmap may hide a part of a BAR */
	if (vdev->vdev.ops->mmap != vfio_pci_core_mmap)
		return -ENOTTY;
	memory = vdev->bar_memory[args.region_index];
	if (!memory || !range.length ||
	    !PAGE_ALIGNED(range.offset | range.length) ||
	    range.length > memory->length ||
	    range.offset > memory->length - range.length)
		return -EINVAL;
	dmabuf = device_memory_export(memory, range.offset, range.length,
				      args.open_flags & ~O_CLOEXEC);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = dma_buf_fd(dmabuf, args.open_flags & O_CLOEXEC);
	if (ret < 0)
		dma_buf_put(dmabuf);
	return ret;
}
