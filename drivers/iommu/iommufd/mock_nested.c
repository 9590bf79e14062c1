// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested domains of the mock IOMMU driver.
 *
 * A nested domain has no table: it is a few words, the entries of its IOTLB,
 * that user space presets and that invalidation clears. That is enough to see
 * what reached the driver, and what did not.
 *
 * Devices differ in what their flags say: one has an IOMMU without nesting, one
 * an IOMMU on which nesting would not be safe, one is behind another IOMMU of the
 * same kind.
 */
#include <linux/slab.h>

#include "mock.h"

/**
 * struct mock_nested - a nested domain
 * @nested: the domain
 * @other_iommu: it is of the other IOMMU
 * @iotlb: entries
 */
struct mock_nested {
	struct iommu_nested_domain nested;
	bool other_iommu;
	u32 iotlb[MOCK_IOTLB_ENTRIES];
};

static struct mock_nested *to_mock_nested(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_nested, nested.domain);
}

static int mock_nested_finalise(struct iommu_domain *domain,
				struct device *dev)
{
	bool other = to_mock_nested(domain)->other_iommu;

	return other == mock_on_other_iommu(dev) ? 0 : -EINVAL;
}

/* Without a virtual ID there are no events */
static int mock_nested_attach(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_viommu *viommu = to_nested_domain(domain)->viommu;
	u64 virt_id = 0;
	int rc;

	rc = mock_need_memory();
	if (rc)
		return rc;
	if (viommu && viommu->implicit)
		viommu = NULL;
	if (viommu)
		iommu_viommu_find_id(viommu, dev, &virt_id);
	mock_set_viommu(dev, viommu, virt_id);
	return 0;
}

static void mock_nested_free(struct iommu_domain *domain)
{
	kfree(to_mock_nested(domain));
}

static const struct iommu_domain_ops mock_nested_ops = {
	.finalise = mock_nested_finalise,
	.attach_dev = mock_nested_attach,
	.free = mock_nested_free,
};

static int mock_format_probe(struct device *dev,
			     struct iommu_user_format_info *info)
{
	u32 flags = to_mock_device(dev)->flags;

	if (flags & MOCK_DEVICE_NO_NESTING)
		return -EOPNOTSUPP;
	info->noncoherent = flags & MOCK_DEVICE_NONCOHERENT;
	info->addr_width = MOCK_NESTED_ADDR_WIDTH;
	info->pgsizes = MOCK_IO_PAGE_SIZE | MOCK_HUGE_PAGE_SIZE;
	return info->noncoherent ? -EPERM : 0;
}

static int mock_pasid_table_probe(struct device *dev,
				  struct iommu_user_format_info *info)
{
	u32 flags = to_mock_device(dev)->flags;

	if (!(flags & MOCK_DEVICE_PASID))
		return -EOPNOTSUPP;
	info->pasid_width = MOCK_PASID_WIDTH;
	return mock_format_probe(dev, info);
}

static struct iommu_nested_domain *
mock_nested_alloc(struct device *dev, struct iommu_domain *parent,
		  struct iommu_viommu *viommu, const void *data)
{
	const struct mock_hwpt_data *preset = data;
	struct mock_nested *mock;
	unsigned int i;

	if (viommu && !mock_viommu_suits(viommu, dev))
		return ERR_PTR(-EINVAL);
	mock = kzalloc(sizeof(*mock), GFP_KERNEL_ACCOUNT);
	if (!mock)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < MOCK_IOTLB_ENTRIES; i++)
		mock->iotlb[i] = preset->iotlb;
	mock->other_iommu = mock_on_other_iommu(dev);
	mock->nested.domain.ops = &mock_nested_ops;
	return &mock->nested;
}

static int mock_invalidate_one(struct mock_nested *mock,
			       const struct mock_hwpt_invalidate *entry)
{
	if (entry->flags & ~MOCK_INVALIDATE_ALL)
		return -EOPNOTSUPP;
	if (entry->entry >= MOCK_IOTLB_ENTRIES)
		return -EINVAL;
	if (entry->flags & MOCK_INVALIDATE_ALL)
		memset(mock->iotlb, 0, sizeof(mock->iotlb));
	else
		mock->iotlb[entry->entry] = 0;
	return 0;
}

static int mock_nested_invalidate(struct iommu_nested_domain *nested,
				  struct device *dev, const void *entries,
				  u32 num, u32 *done)
{
	struct mock_nested *mock = to_mock_nested(&nested->domain);
	const struct mock_hwpt_invalidate *entry = entries;
	int rc;

	for (; *done < num; ++*done) {
		rc = mock_invalidate_one(mock, entry++);
		if (rc)
			return rc;
	}
	return 0;
}

static const struct iommu_user_format mock_formats[] = {
	{
		.type = MOCK_HWPT_DATA,
		.kind = IOMMU_USER_PAGE_TABLE,
		.data_min = offsetofend(struct mock_hwpt_data, iotlb),
		.data_len = sizeof(struct mock_hwpt_data),
		.invalidate_type = MOCK_INVALIDATE_DATA,
		.invalidate_len = sizeof(struct mock_hwpt_invalidate),
		.probe = mock_format_probe,
		.domain_alloc = mock_nested_alloc,
		.viommu = &mock_viommu_ops,
		.invalidate = mock_nested_invalidate,
	},
	{
		.type = MOCK_PASID_TABLE_DATA,
		.kind = IOMMU_USER_PASID_TABLE,
		.data_min = offsetofend(struct mock_hwpt_data, iotlb),
		.data_len = sizeof(struct mock_hwpt_data),
		.viommu = &mock_viommu_ops,
		.needs_viommu = true,
		.probe = mock_pasid_table_probe,
		.domain_alloc = mock_nested_alloc,
	},
};

/* No container has a mock device */
static bool mock_can_nest(void)
{
	return true;
}

const struct iommu_user_ops mock_user_ops = {
	.formats = mock_formats,
	.num_formats = ARRAY_SIZE(mock_formats),
	.viommus = &mock_viommu_ops,
	.num_viommus = 1,
	.can_nest = mock_can_nest,
	.reports_faults = true,
};

/*
 * Operations
 */

int mock_op_check_iotlb(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	u32 entry = cmd->check_cache.entry;
	struct iommufd_hwpt *hwpt;
	int rc = -EINVAL;

	hwpt = iommufd_get_nested(call->ictx, cmd->id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	if (hwpt->domain->ops == &mock_nested_ops &&
	    entry < MOCK_IOTLB_ENTRIES &&
	    to_mock_nested(hwpt->domain)->iotlb[entry] ==
	    cmd->check_cache.value)
		rc = 0;
	iommufd_object_put(call->ictx, &hwpt->obj);
	return rc;
}
