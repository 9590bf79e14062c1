// SPDX-License-Identifier: GPL-2.0-only
/*
 * An emulated device for tests: it does to user memory what it is told.
 *
 * The sample drivers of mediated devices serve all from memory of their own.
 * This one pins, reads and writes user memory by IOVA, as drivers of real
 * mediated devices do. Its registers are in mdev_test.h. There are two types:
 * "pin" lets go of pages in dma_unmap; "rw" has no such op, so that it cannot pin.
 *
 * The pinned pages are in an xarray by page number of the IOVA. It and all
 * registers are under the lock of the device, which is held while pages are
 * pinned, too, and which dma_unmap takes. So it also tests that VFIO calls
 * dma_unmap without anything locked that pinning needs.
 */
#include <linux/device.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/xarray.h>

#include "mdev_test.h"

#define REGISTER_COUNT	(MDEV_TEST_REGISTERS_END / sizeof(u64))

/* More than VFIO takes at once, so that it can refuse */
#define PIN_MAX		(2 * VFIO_PIN_PAGES_MAX_ENTRIES)

/**
 * struct mdev_test - a device
 * @vdev: what VFIO has of it
 * @lock: protects what follows. A semaphore, as type1 holds a lock when it calls
 *        dma_unmap that is taken while devices are opened, which lockdep objects
 *        to. No device is opened while this one pins
 * @pages: pinned pages, by IOVA >> PAGE_SHIFT
 * @registers: by offset / 8
 * @buffer: at MDEV_TEST_BUFFER
 */
struct mdev_test {
	struct vfio_device vdev;
	struct semaphore lock;
	struct xarray pages;
	u64 registers[REGISTER_COUNT];
	u8 buffer[MDEV_TEST_BUFFER_SIZE];
};

static u64 *reg(struct mdev_test *test, enum mdev_test_register offset)
{
	return &test->registers[offset / sizeof(u64)];
}

static struct mdev_test *to_mdev_test(struct vfio_device *vdev)
{
	return container_of(vdev, struct mdev_test, vdev);
}

/*
 * Commands
 */

/* Let go of all pages from number @first to @last */
static unsigned int unpin(struct mdev_test *test, unsigned long first,
			  unsigned long last)
{
	unsigned int count = 0;
	unsigned long number;
	struct page *page;

	xa_for_each_range(&test->pages, number, page, first, last) {
		vfio_unpin_pages(&test->vdev, (dma_addr_t)number << PAGE_SHIFT,
				 1);
		xa_erase(&test->pages, number);
		count++;
	}
	*reg(test, MDEV_TEST_PINNED) -= count;
	return count;
}

/* Pin @npage pages from @iova on, of which none is pinned */
static int pin_new(struct mdev_test *test, dma_addr_t iova, int npage, int prot,
		   struct page **pages)
{
	unsigned long first = iova >> PAGE_SHIFT;
	int i, ret;

	ret = vfio_pin_pages(&test->vdev, iova, npage, prot, pages);
	if (ret != npage)
		return ret < 0 ? ret : -EIO;

	for (i = 0; i < npage; i++) {
		ret = xa_err(xa_store(&test->pages, first + i, pages[i],
				      GFP_KERNEL));
		if (ret)
			break;
		(*reg(test, MDEV_TEST_PINNED))++;
	}
	if (!ret)
		return 0;
	vfio_unpin_pages(&test->vdev, (dma_addr_t)(first + i) << PAGE_SHIFT,
			 npage - i);
	if (i)
		unpin(test, first, first + i - 1);
	return ret;
}

static int do_pin(struct mdev_test *test, int prot)
{
	dma_addr_t iova = *reg(test, MDEV_TEST_IOVA);
	unsigned long first = iova >> PAGE_SHIFT;
	u64 npage = *reg(test, MDEV_TEST_LENGTH);
	struct page **pages;
	int ret;

	npage = (npage >> PAGE_SHIFT) + !!(npage & ~PAGE_MASK);
	if (npage > PIN_MAX)
		return -EINVAL;
	if (npage &&
	    xa_find(&test->pages, &first, first + npage - 1, XA_PRESENT))
		return -EEXIST;

	pages = kcalloc(max_t(u64, npage, 1), sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	ret = pin_new(test, iova, npage, prot, pages);
	kfree(pages);
	return ret;
}

static int do_unpin(struct mdev_test *test)
{
	u64 iova = *reg(test, MDEV_TEST_IOVA);
	u64 length = *reg(test, MDEV_TEST_LENGTH);

	if (!length)
		return -EINVAL;
	return unpin(test, iova >> PAGE_SHIFT,
		     (iova + length - 1) >> PAGE_SHIFT) ? 0 : -ENOENT;
}

static int do_dma(struct mdev_test *test, bool write)
{
	if (*reg(test, MDEV_TEST_LENGTH) > sizeof(test->buffer))
		return -EINVAL;
	return vfio_dma_rw(&test->vdev, *reg(test, MDEV_TEST_IOVA),
			   test->buffer, *reg(test, MDEV_TEST_LENGTH), write);
}

static int do_pinned_dma(struct mdev_test *test, bool write)
{
	u64 iova = *reg(test, MDEV_TEST_IOVA);
	u64 length = *reg(test, MDEV_TEST_LENGTH);
	u8 *buffer = test->buffer;

	if (length > sizeof(test->buffer))
		return -EINVAL;
	while (length) {
		struct page *page = xa_load(&test->pages, iova >> PAGE_SHIFT);
		size_t n = min_t(u64, length,
				 PAGE_SIZE - offset_in_page(iova));

		if (!page)
			return -ENOENT;
		if (write)
			memcpy_to_page(page, offset_in_page(iova), buffer, n);
		else
			memcpy_from_page(buffer, page, offset_in_page(iova), n);
		iova += n;
		buffer += n;
		length -= n;
	}
	return 0;
}

static int command(struct mdev_test *test, u64 number)
{
	switch (number) {
	case MDEV_TEST_PIN:
		return do_pin(test, IOMMU_READ);
	case MDEV_TEST_PIN_WRITE:
		return do_pin(test, IOMMU_READ | IOMMU_WRITE);
	case MDEV_TEST_UNPIN:
		return do_unpin(test);
	case MDEV_TEST_READ:
	case MDEV_TEST_WRITE:
		return do_dma(test, number == MDEV_TEST_WRITE);
	case MDEV_TEST_READ_PINNED:
	case MDEV_TEST_WRITE_PINNED:
		return do_pinned_dma(test, number == MDEV_TEST_WRITE_PINNED);
	default:
		return -EINVAL;
	}
}

/*
 * Region
 */

static bool in_buffer(size_t count, loff_t pos)
{
	return pos >= MDEV_TEST_BUFFER && pos < MDEV_TEST_REGION_SIZE &&
	       count <= MDEV_TEST_REGION_SIZE - pos;
}

static bool is_register(size_t count, loff_t pos)
{
	return pos >= 0 && pos < MDEV_TEST_REGISTERS_END &&
	       IS_ALIGNED(pos, sizeof(u64)) && count == sizeof(u64);
}

static ssize_t mdev_test_read(struct vfio_device *vdev, char __user *buf,
			      size_t count, loff_t *ppos)
{
	struct mdev_test *test = to_mdev_test(vdev);
	unsigned long left;
	void *from;

	if (in_buffer(count, *ppos))
		from = test->buffer + (*ppos - MDEV_TEST_BUFFER);
	else if (is_register(count, *ppos))
		from = reg(test, *ppos);
	else
		return -EINVAL;

	down(&test->lock);
	left = copy_to_user(buf, from, count);
	up(&test->lock);
	return left ? -EFAULT : count;
}

static int write_register(struct mdev_test *test, loff_t offset, u64 value)
{
	int ret = 0;

	down(&test->lock);
	if (offset == MDEV_TEST_COMMAND)
		ret = command(test, value);
	else if (offset < MDEV_TEST_PINNED)
		*reg(test, offset) = value;
	else
		ret = -EINVAL;
	up(&test->lock);
	return ret;
}

static ssize_t mdev_test_write(struct vfio_device *vdev, const char __user *buf,
			       size_t count, loff_t *ppos)
{
	struct mdev_test *test = to_mdev_test(vdev);
	unsigned long left;
	u64 value;
	int ret;

	if (in_buffer(count, *ppos)) {
		down(&test->lock);
		left = copy_from_user(test->buffer + (*ppos - MDEV_TEST_BUFFER),
				      buf, count);
		up(&test->lock);
		return left ? -EFAULT : count;
	}
	if (!is_register(count, *ppos))
		return -EINVAL;
	if (copy_from_user(&value, buf, sizeof(value)))
		return -EFAULT;
	ret = write_register(test, *ppos, value);
	return ret ? ret : count;
}

/*
 * VFIO
 */

static int mdev_test_init(struct vfio_device *vdev)
{
	struct mdev_test *test = to_mdev_test(vdev);

	sema_init(&test->lock, 1);
	xa_init(&test->pages);
	return 0;
}

static void mdev_test_release(struct vfio_device *vdev)
{
	struct mdev_test *test = to_mdev_test(vdev);

	WARN_ON(!xa_empty(&test->pages));
	xa_destroy(&test->pages);
	vfio_free_device(vdev);
}

static int mdev_test_open_device(struct vfio_device *vdev)
{
	struct mdev_test *test = to_mdev_test(vdev);
	int ret;

	down(&test->lock);
	ret = -(int)min_t(u64, *reg(test, MDEV_TEST_FAIL_OPEN), MAX_ERRNO);
	*reg(test, MDEV_TEST_FAIL_OPEN) = 0;
	*reg(test, MDEV_TEST_HAS_KVM) = !!vdev->kvm;
	up(&test->lock);
	return ret;
}

static void mdev_test_close_device(struct vfio_device *vdev)
{
	struct mdev_test *test = to_mdev_test(vdev);

	down(&test->lock);
	if (!*reg(test, MDEV_TEST_KEEP_PINS))
		unpin(test, 0, ULONG_MAX);
	up(&test->lock);
}

static void mdev_test_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct mdev_test *test = to_mdev_test(vdev);

	down(&test->lock);
	(*reg(test, MDEV_TEST_UNMAPS))++;
	*reg(test, MDEV_TEST_UNMAP_IOVA) = iova;
	*reg(test, MDEV_TEST_UNMAP_LENGTH) = length;
	unpin(test, iova >> PAGE_SHIFT, (iova + length - 1) >> PAGE_SHIFT);
	up(&test->lock);
}

static void mdev_test_request(struct vfio_device *vdev, unsigned int count)
{
	struct mdev_test *test = to_mdev_test(vdev);

	down(&test->lock);
	(*reg(test, MDEV_TEST_REQUESTS))++;
	up(&test->lock);
}

static long get_device_info(void __user *arg)
{
	size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = 0;
	info.num_regions = 1;
	info.num_irqs = 0;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long get_region_info(void __user *arg)
{
	size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index)
		return -EINVAL;
	info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info.cap_offset = 0;
	info.size = MDEV_TEST_REGION_SIZE;
	info.offset = 0;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long mdev_test_ioctl(struct vfio_device *vdev, unsigned int cmd,
			    unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_device_info((void __user *)arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct vfio_device_ops mdev_test_pin_ops = {
	.name = "mdev_test-pin",
	.init = mdev_test_init,
	.release = mdev_test_release,
	.open_device = mdev_test_open_device,
	.close_device = mdev_test_close_device,
	.dma_unmap = mdev_test_dma_unmap,
	.request = mdev_test_request,
	.read = mdev_test_read,
	.write = mdev_test_write,
	.ioctl = mdev_test_ioctl,
};

static const struct vfio_device_ops mdev_test_rw_ops = {
	.name = "mdev_test-rw",
	.init = mdev_test_init,
	.release = mdev_test_release,
	.open_device = mdev_test_open_device,
	.close_device = mdev_test_close_device,
	.request = mdev_test_request,
	.read = mdev_test_read,
	.write = mdev_test_write,
	.ioctl = mdev_test_ioctl,
};

/*
 * Mediated device
 */

static struct mdev_type pin_type = {
	.sysfs_name = "pin",
	.pretty_name = "device that pins pages",
};

static struct mdev_type rw_type = {
	.sysfs_name = "rw",
	.pretty_name = "device that never pins pages",
};

static struct mdev_type *types[] = { &pin_type, &rw_type };

static int mdev_test_probe(struct mdev_device *mdev)
{
	struct mdev_test *test;
	int ret;

	test = vfio_alloc_device(mdev_test, vdev, &mdev->dev,
				 mdev->type == &pin_type ? &mdev_test_pin_ops :
							   &mdev_test_rw_ops);
	if (IS_ERR(test))
		return PTR_ERR(test);
	ret = vfio_register_emulated_iommu_dev(&test->vdev);
	if (ret) {
		vfio_put_device(&test->vdev);
		return ret;
	}
	dev_set_drvdata(&mdev->dev, test);
	return 0;
}

static void mdev_test_remove(struct mdev_device *mdev)
{
	struct mdev_test *test = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&test->vdev);
	vfio_put_device(&test->vdev);
}

static struct mdev_driver mdev_test_driver = {
	.device_api = "vfio-test",
	.max_instances = 16,
	.probe = mdev_test_probe,
	.remove = mdev_test_remove,
	.driver = {
		.name = "mdev_test",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
};

static struct mdev_parent parent;
static struct class *class;
static struct device *device;

static int __init mdev_test_module_init(void)
{
	int ret;

	ret = mdev_register_driver(&mdev_test_driver);
	if (ret)
		return ret;
	class = class_create(THIS_MODULE, "mdev_test");
	if (IS_ERR(class)) {
		ret = PTR_ERR(class);
		goto err_driver;
	}
	device = device_create(class, NULL, 0, NULL, "mdev_test");
	if (IS_ERR(device)) {
		ret = PTR_ERR(device);
		goto err_class;
	}
	ret = mdev_register_parent(&parent, device, &mdev_test_driver, types,
				   ARRAY_SIZE(types));
	if (ret)
		goto err_device;
	return 0;

err_device:
	device_unregister(device);
err_class:
	class_destroy(class);
err_driver:
	mdev_unregister_driver(&mdev_test_driver);
	return ret;
}

static void __exit mdev_test_module_exit(void)
{
	mdev_unregister_parent(&parent);
	device_unregister(device);
	class_destroy(class);
	mdev_unregister_driver(&mdev_test_driver);
}

module_init(mdev_test_module_init);
module_exit(mdev_test_module_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Emulated VFIO device for tests");
