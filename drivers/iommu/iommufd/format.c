// SPDX-License-Identifier: GPL-2.0-only
/*
 * Formats of user-managed tables, and their data.
 *
 * The driver of an IOMMU publishes a const table of formats. Everything here is
 * a loop over that table, or a check of what user space gives against the facts
 * in it. Nothing is stored.
 *
 * Invalidations are handed to a driver in arrays in kernel memory, as many as a
 * page has room for at a time: a driver can batch them, and need not know of
 * user space. How many were done is right whatever happens: user space finds the
 * first one that failed by it.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "nesting.h"

static const struct iommu_user_ops *user_ops(struct device *dev)
{
	const struct iommu_ops *ops = dev->bus->iommu_ops;

	return ops ? ops->user_ops : NULL;
}

/* What the driver of the device's IOMMU offers, or NULL */
const struct iommu_user_ops *iommufd_user_ops(struct iommufd_device *idev)
{
	return idev->igroup->no_iommu ? NULL : user_ops(idev->dev);
}

/* Can faults of the device come into a queue at all? */
bool iommufd_reports_faults(struct iommufd_device *idev)
{
	const struct iommu_user_ops *ops = iommufd_user_ops(idev);

	return ops && ops->reports_faults;
}

/**
 * iommufd_find_format() - a format that the IOMMU of a device may have
 * @idev: the device
 * @type: of the format
 *
 * Return: the format, or NULL if the driver does not know it. Whether the device
 * can have it is another question, which its probe operation answers.
 */
const struct iommu_user_format *iommufd_find_format(struct iommufd_device *idev,
						    u32 type)
{
	const struct iommu_user_ops *ops = iommufd_user_ops(idev);
	unsigned int i;

	for (i = 0; ops && i < ops->num_formats; i++)
		if (ops->formats[i].type == type)
			return &ops->formats[i];
	return NULL;
}

/**
 * iommufd_find_viommu_type() - a kind of vIOMMU that the IOMMU of a device may have
 * @idev: the device
 * @type: of the vIOMMU
 *
 * Return: the kind, or NULL if the driver does not know it.
 */
const struct iommu_viommu_ops *
iommufd_find_viommu_type(struct iommufd_device *idev, u32 type)
{
	const struct iommu_user_ops *ops = iommufd_user_ops(idev);
	unsigned int i;

	for (i = 0; ops && i < ops->num_viommus; i++)
		if (ops->viommus[i].type == type)
			return &ops->viommus[i];
	return NULL;
}

/* Is it one of the driver of the device's IOMMU, and can the device have it? */
bool iommufd_format_suits(const struct iommu_user_format *format,
			  struct device *dev)
{
	const struct iommu_user_ops *ops = user_ops(dev);
	struct iommu_user_format_info info = {};

	return ops && format >= ops->formats &&
	       format < ops->formats + ops->num_formats &&
	       !format->probe(dev, &info);
}

/* Can the device have a user-managed table? */
bool iommufd_has_format(struct device *dev)
{
	const struct iommu_user_ops *ops = user_ops(dev);
	unsigned int i;

	for (i = 0; ops && i < ops->num_formats; i++)
		if (iommufd_format_suits(&ops->formats[i], dev))
			return true;
	return false;
}

/* How tables of a format are invalidated: by themselves, or by their vIOMMU */
void iommufd_format_invalidation(const struct iommu_user_format *format,
				 u32 *type, u32 *len)
{
	if (format->invalidate_len) {
		*type = format->invalidate_type;
		*len = format->invalidate_len;
	} else if (format->needs_viommu) {
		*type = format->viommu->invalidate_type;
		*len = format->viommu->invalidate_len;
	}
}

/**
 * iommufd_copy_user_data() - get data of user space
 * @data: returns them, zero extended; IOMMU_USER_DATA_MAX bytes
 * @min: bytes that there have to be
 * @max: bytes that there can be
 * @user: where they are
 *
 * Return: 0, -EINVAL for a length that is wrong, -EFAULT.
 */
int iommufd_copy_user_data(void *data, u32 min, u32 max,
			   const struct iommufd_user_data *user)
{
	if (WARN_ON_ONCE(max > IOMMU_USER_DATA_MAX))
		return -EINVAL;
	if (user->len < min || user->len > max)
		return -EINVAL;
	memset(data, 0, IOMMU_USER_DATA_MAX);
	return copy_from_user(data, user->uptr, user->len) ? -EFAULT : 0;
}

/* Copy as many of the next @num entries as can be read; returns how many */
static u32 copy_entries(const struct iommufd_entries *entries, void *buf,
			u32 num)
{
	size_t length = (size_t)num * entries->len;

	length -= copy_from_user(buf, entries->uptr +
				 (size_t)entries->done * entries->len, length);
	return length / entries->len;
}

/**
 * iommufd_for_entries() - let a driver do invalidations of user space
 * @entries: the invalidations
 * @type: that they must have
 * @len: bytes that one must have
 * @whole: nothing is done if one of them cannot be read
 * @invalidate: does so many of them
 * @target: of @invalidate
 *
 * Return: 0 if all are done; -EINVAL for a type or length that is wrong, -EFAULT,
 * -EINTR if the process is killed, -ENOMEM, and what @invalidate returns.
 */
int iommufd_for_entries(struct iommufd_entries *entries, u32 type, u32 len,
			bool whole,
			int (*invalidate)(void *target, struct device *dev,
					  const void *array, u32 num,
					  u32 *done),
			void *target)
{
	u32 per_batch;
	void *buf;
	int rc = 0;

	entries->done = 0;
	if (entries->type != type)
		return -EINVAL;
	if (!entries->num)
		return 0;
	if (entries->len != len)
		return -EINVAL;
	per_batch = min_t(u32, entries->num, PAGE_SIZE / len);
	buf = kvmalloc_array(whole ? entries->num : per_batch, len,
			     GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	if (whole && copy_entries(entries, buf, entries->num) < entries->num)
		rc = -EFAULT;
	while (!rc && entries->done < entries->num) {
		u32 num = min(entries->num - entries->done, per_batch);
		void *batch = buf;
		u32 done = 0;

		if (whole)
			batch += (size_t)entries->done * len;
		else
			num = copy_entries(entries, buf, num);
		if (!num)
			rc = -EFAULT;
		else if (fatal_signal_pending(current))
			rc = -EINTR;
		else
			rc = invalidate(target, entries->dev, batch, num, &done);
		WARN_ON_ONCE(done > num || (!rc && done < num));
		entries->done += done;
		cond_resched();
	}
	kvfree(buf);
	return rc;
}
