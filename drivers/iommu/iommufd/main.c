// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/iommu: the device node, its ioctls, and the life of a descriptor.
 *
 * Every ioctl is an entry of one table: its number, the struct it takes, the
 * last member of the struct that every caller has, and its handler. The struct
 * is copied in once, here, with all size rules of the uAPI applied, so that a
 * handler starts from a struct that is complete. A handler that has results
 * writes them to the struct and calls iommufd_respond().
 *
 * A context lives as long as its file. Kernel users of a context (bound
 * devices) hold the file: a context is released when user space has closed it
 * and every device has been unbound, and then destroys what is left.
 */
#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "iommufd_private.h"
#ifdef CONFIG_IOMMUFD_TEST
#include "iommufd_test.h"
#endif

union iommufd_cmd {
	struct iommu_destroy destroy;
	struct iommu_device_get_info device_get_info;
	struct iommu_hw_info hw_info;
	struct iommu_hwpt_alloc hwpt_alloc;
	struct iommu_ioas_alloc ioas_alloc;
	struct iommu_ioas_allow_iovas allow_iovas;
	struct iommu_ioas_copy copy;
	struct iommu_ioas_iova_ranges iova_ranges;
	struct iommu_ioas_map map;
	struct iommu_ioas_unmap unmap;
	struct iommu_option option;
#ifdef CONFIG_IOMMUFD_TEST
	struct iommu_test_cmd test;
#endif
};

/**
 * struct iommufd_ioctl - an entry of the table
 * @cmd: full ioctl command
 * @size: of the struct as the kernel knows it
 * @min_size: of the struct as it was first published
 * @handler: does it
 */
struct iommufd_ioctl {
	unsigned int cmd;
	unsigned int size;
	unsigned int min_size;
	int (*handler)(struct iommufd_call *call);
};

#define IOCTL(_cmd, _handler, _struct, _last)                          \
	[_IOC_NR(_cmd) - IOMMUFD_CMD_BASE] = {                         \
		.cmd = _cmd,                                           \
		.size = sizeof(_struct) +                              \
			BUILD_BUG_ON_ZERO(sizeof(union iommufd_cmd) <  \
					  sizeof(_struct)),            \
		.min_size = offsetofend(_struct, _last),               \
		.handler = _handler,                                   \
	}

static const struct iommufd_ioctl iommufd_ioctls[] = {
	IOCTL(IOMMU_DESTROY, iommufd_destroy, struct iommu_destroy, id),
	IOCTL(IOMMU_DEVICE_GET_INFO, iommufd_device_get_info,
	      struct iommu_device_get_info, ranges),
	IOCTL(IOMMU_GET_HW_INFO, iommufd_get_hw_info, struct iommu_hw_info,
	      __reserved),
	IOCTL(IOMMU_HWPT_ALLOC, iommufd_hwpt_alloc_ioctl,
	      struct iommu_hwpt_alloc, __reserved),
	IOCTL(IOMMU_IOAS_ALLOC, iommufd_ioas_alloc_ioctl,
	      struct iommu_ioas_alloc, out_ioas_id),
	IOCTL(IOMMU_IOAS_ALLOW_IOVAS, iommufd_ioas_allow_iovas,
	      struct iommu_ioas_allow_iovas, allowed_iovas),
	IOCTL(IOMMU_IOAS_COPY, iommufd_ioas_copy, struct iommu_ioas_copy,
	      src_iova),
	IOCTL(IOMMU_IOAS_IOVA_RANGES, iommufd_ioas_iova_ranges,
	      struct iommu_ioas_iova_ranges, out_iova_alignment),
	IOCTL(IOMMU_IOAS_MAP, iommufd_ioas_map, struct iommu_ioas_map, iova),
	IOCTL(IOMMU_IOAS_UNMAP, iommufd_ioas_unmap, struct iommu_ioas_unmap,
	      length),
	IOCTL(IOMMU_OPTION, iommufd_option, struct iommu_option, val64),
#ifdef CONFIG_IOMMUFD_TEST
	IOCTL(IOMMU_TEST_CMD, iommufd_test, struct iommu_test_cmd, last),
#endif
};

static long iommufd_fops_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	struct iommufd_call call = {
		.ictx = file->private_data,
		.ubuffer = (void __user *)arg,
	};
	const struct iommufd_ioctl *ioctl;
	unsigned int nr = _IOC_NR(cmd);
	union iommufd_cmd buf;
	int rc;

	if (nr < IOMMUFD_CMD_BASE ||
	    nr - IOMMUFD_CMD_BASE >= ARRAY_SIZE(iommufd_ioctls))
		return -ENOTTY;
	ioctl = &iommufd_ioctls[nr - IOMMUFD_CMD_BASE];
	if (cmd != ioctl->cmd)
		return -ENOTTY;

	/* Every struct begins with a u32 that has its size */
	rc = get_user(call.user_size, (u32 __user *)call.ubuffer);
	if (rc)
		return rc;
	if (call.user_size < ioctl->min_size)
		return -EINVAL;
	rc = copy_struct_from_user(&buf, ioctl->size, call.ubuffer,
				   call.user_size);
	if (rc)
		return rc;
	call.cmd = &buf;
	return ioctl->handler(&call);
}

static int iommufd_fops_open(struct inode *inode, struct file *file)
{
	struct iommufd_ctx *ictx;

	ictx = kzalloc(sizeof(*ictx), GFP_KERNEL_ACCOUNT);
	if (!ictx)
		return -ENOMEM;
	xa_init_flags(&ictx->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&ictx->object_gone);
	mutex_init(&ictx->groups_lock);
	INIT_LIST_HEAD(&ictx->groups);
	INIT_LIST_HEAD(&ictx->devices);
	spin_lock_init(&ictx->payers_lock);
	INIT_LIST_HEAD(&ictx->payers);
	ictx->file = file;
	file->private_data = ictx;
	return 0;
}

static int iommufd_fops_release(struct inode *inode, struct file *file)
{
	struct iommufd_ctx *ictx = file->private_data;

	iommufd_object_destroy_all(ictx);
	WARN_ON(!list_empty(&ictx->groups));
	WARN_ON(!list_empty(&ictx->payers));
	kfree(ictx);
	return 0;
}

static const struct file_operations iommufd_fops = {
	.owner = THIS_MODULE,
	.open = iommufd_fops_open,
	.release = iommufd_fops_release,
	.unlocked_ioctl = iommufd_fops_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/**
 * iommufd_ctx_from_file() - the context behind an open /dev/iommu
 * @file: any file
 *
 * Return: the context with a reference for the caller, who drops it with
 * iommufd_ctx_put(); ERR_PTR(-EBADFD) for a file of another kind.
 */
struct iommufd_ctx *iommufd_ctx_from_file(struct file *file)
{
	if (file->f_op != &iommufd_fops)
		return ERR_PTR(-EBADFD);
	get_file(file);
	return file->private_data;
}
EXPORT_SYMBOL_GPL(iommufd_ctx_from_file);

/**
 * iommufd_ctx_from_fd() - the context behind a descriptor of the caller
 * @fd: descriptor of the current process
 *
 * Return: as iommufd_ctx_from_file(), and ERR_PTR(-EBADF) if @fd is not open.
 */
struct iommufd_ctx *iommufd_ctx_from_fd(int fd)
{
	struct file *file = fget(fd);
	struct iommufd_ctx *ictx;

	if (!file)
		return ERR_PTR(-EBADF);
	ictx = iommufd_ctx_from_file(file);
	fput(file);
	return ictx;
}
EXPORT_SYMBOL_GPL(iommufd_ctx_from_fd);

/**
 * iommufd_ctx_get() - take another reference
 * @ictx: context that the caller has a reference to
 */
void iommufd_ctx_get(struct iommufd_ctx *ictx)
{
	get_file(ictx->file);
}
EXPORT_SYMBOL_GPL(iommufd_ctx_get);

/**
 * iommufd_ctx_put() - drop a reference
 * @ictx: context; not to be used by the caller from here on
 */
void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}
EXPORT_SYMBOL_GPL(iommufd_ctx_put);

static struct miscdevice iommufd_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "iommu",
	.fops = &iommufd_fops,
	.nodename = "iommu",
	.mode = 0660,
};

static int __init iommufd_init(void)
{
	int rc;

	rc = iommufd_area_cache_init();
	if (rc)
		return rc;
	rc = iommufd_test_init();
	if (rc)
		goto err_cache;
	rc = misc_register(&iommufd_misc);
	if (rc)
		goto err_test;
	return 0;

err_test:
	iommufd_test_exit();
err_cache:
	iommufd_area_cache_exit();
	return rc;
}

static void __exit iommufd_exit(void)
{
	misc_deregister(&iommufd_misc);
	iommufd_test_exit();
	iommufd_area_cache_exit();
}

module_init(iommufd_init);
module_exit(iommufd_exit);

MODULE_DESCRIPTION("I/O address spaces for user space (/dev/iommu)");
MODULE_LICENSE("GPL");
