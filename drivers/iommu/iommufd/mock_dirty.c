// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking of the mock IOMMU driver.
 *
 * Whether an entry is dirty is a bit of the entry, as in hardware: large
 * entries have one bit too. There are no devices that write: the test marks
 * entries with MOCK_OP_SET_DIRTY. All is under the lock of the domain's xarray.
 *
 * An entry that was cleared may still be in an IOTLB as dirty, and then a write
 * does not mark it again until the IOTLB is flushed. The mock's IOTLB has all
 * of these entries.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "mock.h"

/* Runs are bounded, as those of hardware tables are */
#define MOCK_RUN_ENTRIES 512
/* What MOCK_OP_SET_DIRTY takes */
#define MOCK_BITMAP_MAX (128UL << 20)

static void mock_flush_iotlb(struct mock_domain *mock, unsigned long first,
			     unsigned long last)
{
	XA_STATE(xas, &mock->iopte, first / MOCK_IO_PAGE_SIZE);
	void *entry;

	lockdep_assert_held(&mock->iopte.xa_lock);
	xas_for_each_marked(&xas, entry, last / MOCK_IO_PAGE_SIZE,
			    MOCK_IN_IOTLB)
		xas_clear_mark(&xas, MOCK_IN_IOTLB);
}

void mock_domain_flush_iotlb_all(struct iommu_domain *domain)
{
	struct mock_domain *mock = to_mock_domain(domain);

	xa_lock(&mock->iopte);
	mock_flush_iotlb(mock, 0, ULONG_MAX);
	xa_unlock(&mock->iopte);
}

/* Also called after unmap, then without a range: nothing is left to flush */
void mock_domain_iotlb_sync(struct iommu_domain *domain,
			    struct iommu_iotlb_gather *gather)
{
	struct mock_domain *mock = to_mock_domain(domain);

	xa_lock(&mock->iopte);
	if (gather->start <= gather->end)
		mock_flush_iotlb(mock, gather->start, gather->end);
	xa_unlock(&mock->iopte);
}

static int mock_set_tracking(struct iommu_domain *domain, bool enable)
{
	struct mock_domain *mock = to_mock_domain(domain);

	xa_lock(&mock->iopte);
	mock->dirty_tracking = enable;
	mock_flush_iotlb(mock, 0, ULONG_MAX);
	xa_unlock(&mock->iopte);
	return 0;
}

/* Change an entry in place: that of @xas, which xas_load() has returned */
static void mock_iopte_change(struct xa_state *xas, void *entry, bool dirty)
{
	unsigned long value = xa_to_value(entry) & ~MOCK_IOPTE_DIRTY;

	xas_store(xas, xa_mk_value(dirty ? value | MOCK_IOPTE_DIRTY : value));
}

static size_t mock_read_dirty(struct iommu_domain *domain, unsigned long iova,
			      size_t length, bool clear, bool *dirty)
{
	struct mock_domain *mock = to_mock_domain(domain);
	unsigned long first = iova / MOCK_IO_PAGE_SIZE;
	unsigned long last = (iova + length - 1) / MOCK_IO_PAGE_SIZE;
	unsigned long index = first;
	unsigned int i;

	xa_lock(&mock->iopte);
	for (i = 0; i < MOCK_RUN_ENTRIES && index <= last; i++) {
		XA_STATE(xas, &mock->iopte, index);
		void *entry = xas_load(&xas);
		unsigned long start = index, end = index;
		bool is_dirty = false;

		if (entry) {
			start = mock_iopte_start(entry, index);
			end = start + (1UL << mock_iopte_order(entry)) - 1;
			is_dirty = xa_to_value(entry) & MOCK_IOPTE_DIRTY;
		}
		if (index == first)
			*dirty = is_dirty;
		if (is_dirty != *dirty)
			break;
		if (is_dirty && clear && start >= first && end <= last) {
			mock_iopte_change(&xas, entry, false);
			xas_set_mark(&xas, MOCK_IN_IOTLB);
		}
		index = end + 1;
	}
	xa_unlock(&mock->iopte);
	return (index - first) * MOCK_IO_PAGE_SIZE -
	       iova % MOCK_IO_PAGE_SIZE;
}

const struct iommu_dirty_ops mock_dirty_ops = {
	.set_tracking = mock_set_tracking,
	.read_dirty = mock_read_dirty,
};

/*
 * MOCK_OP_SET_DIRTY
 */

static void mock_write(struct mock_domain *mock, unsigned long iova)
{
	XA_STATE(xas, &mock->iopte, iova / MOCK_IO_PAGE_SIZE);
	void *entry;

	xas_lock(&xas);
	entry = xas_load(&xas);
	if (entry && !xas_get_mark(&xas, MOCK_IN_IOTLB))
		mock_iopte_change(&xas, entry, true);
	xas_unlock(&xas);
}

static int mock_write_bits(struct iommu_domain *domain,
			   struct iommu_test_cmd *cmd)
{
	struct mock_domain *mock = to_mock_domain(domain);
	unsigned long bits = cmd->dirty.length / cmd->dirty.page_size;
	unsigned long i, bytes = DIV_ROUND_UP(bits, BITS_PER_BYTE);
	unsigned long *bitmap, count = 0;
	int rc = 0;

	if (domain->dirty_ops != &mock_dirty_ops ||
	    !READ_ONCE(mock->dirty_tracking))
		return -EINVAL;
	bitmap = kvcalloc(BITS_TO_LONGS(bits), sizeof(*bitmap),
			  GFP_KERNEL_ACCOUNT);
	if (!bitmap)
		return -ENOMEM;
	if (copy_from_user(bitmap, u64_to_user_ptr(cmd->dirty.bitmap), bytes)) {
		rc = -EFAULT;
		goto out_free;
	}
	for (i = find_next_bit_le(bitmap, bits, 0); i < bits;
	     i = find_next_bit_le(bitmap, bits, i + 1)) {
		mock_write(mock, cmd->dirty.iova + i * cmd->dirty.page_size);
		count++;
		cond_resched();
	}
	cmd->dirty.out_count = count;
out_free:
	kvfree(bitmap);
	return rc;
}

int mock_op_set_dirty(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	u64 page_size = cmd->dirty.page_size;
	struct iommufd_hwpt *hwpt;
	int rc;

	if (!page_size || !cmd->dirty.length || !cmd->dirty.bitmap ||
	    cmd->dirty.iova % page_size || cmd->dirty.length % page_size)
		return -EINVAL;
	if (cmd->dirty.length / page_size > MOCK_BITMAP_MAX)
		return -EOVERFLOW;
	hwpt = iommufd_get_hwpt(call->ictx, cmd->id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	rc = mock_write_bits(hwpt->domain, cmd);
	iommufd_object_put(call->ictx, &hwpt->obj);
	return rc ?: iommufd_respond(call, sizeof(*cmd));
}
