// SPDX-License-Identifier: GPL-2.0-only
/*
 * vIOMMUs of the mock IOMMU driver.
 *
 * Every mock device has a cache of a few words that its vIOMMU can clear: it
 * stands for what an IOMMU has cached for one device, such as a table of PASIDs.
 * An entry names the device by its virtual ID, unless the caller says for which
 * device all of them are.
 */
#include <linux/gfp.h>
#include <linux/io.h>

#include "mock.h"

#define MMAP_ORDER 1

/**
 * struct mock_viommu - a vIOMMU
 * @viommu: the vIOMMU
 * @other_iommu: it is of the other IOMMU
 * @pages: that user space can map, or 0
 */
struct mock_viommu {
	struct iommu_viommu viommu;
	bool other_iommu;
	unsigned long pages;
};

static struct mock_viommu *to_mock_viommu(struct iommu_viommu *viommu)
{
	return container_of(viommu, struct mock_viommu, viommu);
}

/* Is the device behind the IOMMU that this is a part of? */
bool mock_viommu_suits(struct iommu_viommu *viommu, struct device *dev)
{
	return to_mock_viommu(viommu)->other_iommu == mock_on_other_iommu(dev);
}

/* The device is attached to a domain of a vIOMMU, or to another one */
void mock_set_viommu(struct device *dev, struct iommu_viommu *viommu,
		     u64 virt_id)
{
	struct mock_device *mdev = to_mock_device(dev);

	spin_lock(&mdev->lock);
	mdev->viommu = viommu;
	mdev->virt_id = virt_id;
	spin_unlock(&mdev->lock);
}

static int mock_viommu_probe(struct device *dev)
{
	return to_mock_device(dev)->flags & MOCK_DEVICE_NO_NESTING ?
	       -EOPNOTSUPP : 0;
}

/* User space gets its word back, twice: in its data, and in memory to be mapped */
static int mock_viommu_loop_back(struct mock_viommu *mock,
				 struct mock_viommu_data *data)
{
	mock->pages = __get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO,
				       MMAP_ORDER);
	if (!mock->pages)
		return -ENOMEM;
	*(u32 *)mock->pages = data->in;
	mock->viommu.mmap_phys = virt_to_phys((void *)mock->pages);
	mock->viommu.mmap_length = PAGE_SIZE << MMAP_ORDER;
	data->out = data->in;
	data->mmap_offset = mock->viommu.mmap_offset;
	data->mmap_length = mock->viommu.mmap_length;
	return 0;
}

static int mock_viommu_init(struct iommu_viommu *viommu, void *data)
{
	struct mock_viommu *mock = to_mock_viommu(viommu);

	mock->other_iommu = mock_on_other_iommu(viommu->dev);
	return data ? mock_viommu_loop_back(mock, data) : 0;
}

static void mock_viommu_destroy(struct iommu_viommu *viommu)
{
	free_pages(to_mock_viommu(viommu)->pages, MMAP_ORDER);
}

static void mock_clear_cache(struct device *dev,
			     const struct mock_viommu_invalidate *entry)
{
	struct mock_device *mdev = to_mock_device(dev);

	if (entry->flags & MOCK_INVALIDATE_ALL)
		memset(mdev->cache, 0, sizeof(mdev->cache));
	else
		mdev->cache[entry->entry] = 0;
}

static int mock_invalidate_one(struct iommu_viommu *viommu, struct device *dev,
			       const struct mock_viommu_invalidate *entry)
{
	struct iommu_vdevice *vdevice;
	int rc = 0;

	if (entry->flags & ~MOCK_INVALIDATE_ALL)
		return -EOPNOTSUPP;
	if (entry->entry >= MOCK_CACHE_ENTRIES)
		return -EINVAL;
	if (dev) {
		mock_clear_cache(dev, entry);
		return 0;
	}
	xa_lock(&viommu->vdevices);
	vdevice = iommu_viommu_find_vdevice(viommu, entry->virt_id);
	if (vdevice)
		mock_clear_cache(vdevice->dev, entry);
	else
		rc = -EINVAL;
	xa_unlock(&viommu->vdevices);
	return rc;
}

static int mock_viommu_invalidate(struct iommu_viommu *viommu,
				  struct device *dev, const void *entries,
				  u32 num, u32 *done)
{
	const struct mock_viommu_invalidate *entry = entries;
	int rc;

	for (; *done < num; ++*done) {
		rc = mock_invalidate_one(viommu, dev, entry++);
		if (rc)
			return rc;
	}
	return 0;
}

static int mock_vdevice_init(struct iommu_vdevice *vdevice)
{
	return mock_viommu_suits(vdevice->viommu, vdevice->dev) ? 0 : -EINVAL;
}

const struct iommu_viommu_ops mock_viommu_ops = {
	.type = MOCK_VIOMMU_TYPE,
	.size = sizeof(struct mock_viommu),
	.vdevice_size = sizeof(struct iommu_vdevice),
	.data_min = offsetofend(struct mock_viommu_data, out),
	.data_len = sizeof(struct mock_viommu_data),
	.invalidate_type = MOCK_INVALIDATE_DATA,
	.invalidate_len = sizeof(struct mock_viommu_invalidate),
	.probe = mock_viommu_probe,
	.event_type = MOCK_VEVENTQ_TYPE,
	.event_len = sizeof(struct mock_vevent),
	.init = mock_viommu_init,
	.destroy = mock_viommu_destroy,
	.invalidate = mock_viommu_invalidate,
	.vdevice_init = mock_vdevice_init,
};

/*
 * Operations
 */

int mock_op_check_cache(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	u32 entry = cmd->check_cache.entry;
	struct iommufd_device *idev;
	int rc = -EINVAL;

	idev = iommufd_get_device(call->ictx, cmd->id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (mock_is_mock_device(idev->dev) && entry < MOCK_CACHE_ENTRIES &&
	    to_mock_device(idev->dev)->cache[entry] == cmd->check_cache.value)
		rc = 0;
	iommufd_object_put(call->ictx, &idev->obj);
	return rc;
}

/* The domain, and with it the vIOMMU, stays while the device is attached to it */
static int mock_raise_vevent(struct mock_device *mdev, bool lost)
{
	struct mock_vevent event;
	int rc = -ENOENT;

	spin_lock(&mdev->lock);
	if (mdev->viommu && mdev->virt_id) {
		event.virt_id = mdev->virt_id;
		rc = iommu_viommu_report_event(mdev->viommu, MOCK_VEVENTQ_TYPE,
					       lost ? NULL : &event,
					       sizeof(event));
	}
	spin_unlock(&mdev->lock);
	return rc;
}

static int raise_vevent(struct iommufd_call *call, bool lost)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct iommufd_device *idev;
	int rc = -EINVAL;

	idev = iommufd_get_device(call->ictx, cmd->vevent.idev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (mock_is_mock_device(idev->dev))
		rc = mock_raise_vevent(to_mock_device(idev->dev), lost);
	iommufd_object_put(call->ictx, &idev->obj);
	return rc;
}

int mock_op_trigger_vevent(struct iommufd_call *call)
{
	return raise_vevent(call, false);
}

int mock_op_lose_vevents(struct iommufd_call *call)
{
	return raise_vevent(call, true);
}
