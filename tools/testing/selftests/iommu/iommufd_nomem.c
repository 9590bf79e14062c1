// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail (nomem.h): commands on I/O address spaces and their page
 * tables.
 */
#include "nomem.h"

static int prepare_copies(struct scene *s)
{
	return prepare_two_attached(s) ?:
	       ioas_copy_fixed(s->fd, s->ioas[1], s->ioas[0], s->page_size,
			       IOVA, IOVA + s->page_size);
}

static int prepare_tracking(struct scene *s)
{
	return prepare_attached(s) ?:
	       hwpt_alloc(s->fd, s->dev.idev, s->ioas[0],
			  IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &s->hwpt) ?:
	       hwpt_set_dirty_tracking(s->fd, s->hwpt,
				       IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
}

static int prepare_parent(struct scene *s)
{
	return prepare_attached(s) ?:
	       hwpt_alloc(s->fd, s->dev.idev, s->ioas[0],
			  IOMMU_HWPT_ALLOC_NEST_PARENT, &s->hwpt);
}

static int prepare_nested(struct scene *s)
{
	return prepare_parent(s) ?:
	       mock_nested_alloc(s->fd, s->dev.idev, s->hwpt, 0, &s->nested);
}

static int prepare_child(struct scene *s)
{
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
	};
	int rc = prepare_attached(s);

	if (rc)
		return rc;
	cmd.parent_id = s->ioas[0];
	rc = iommu_ioctl(s->fd, IOMMU_IOASID_ALLOC, &cmd);
	s->ioas[1] = cmd.out_ioasid;
	return rc;
}

static int prepare_filled_child(struct scene *s)
{
	struct mock_device dev;

	return prepare_child(s) ?: mock_device(s->fd, s->ioas[1], &dev) ?:
	       ioas_copy_fixed(s->fd, s->ioas[1], s->ioas[0], s->page_size,
			       IOVA, IOVA + s->page_size);
}

static int do_open(struct scene *s)
{
	int fd = iommu_open();

	if (fd < 0)
		return -errno;
	return close(fd) ? -errno : 0;
}

static int do_ioas_alloc(struct scene *s)
{
	__u32 ioas;

	return ioas_alloc(s->fd, &ioas);
}

static int do_hwpt_alloc(struct scene *s)
{
	return hwpt_alloc(s->fd, s->dev.idev, s->ioas[0], 0, &s->hwpt);
}

static int do_dirty_hwpt_alloc(struct scene *s)
{
	return hwpt_alloc(s->fd, s->dev.idev, s->ioas[0],
			  IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &s->hwpt);
}

static int do_get_dirty_bitmap(struct scene *s)
{
	__u8 bitmap[MEMORY_PAGES] = {};

	return hwpt_get_dirty_bitmap(s->fd, s->hwpt, IOVA, 2 * s->length,
				     s->page_size, bitmap, 0);
}

static int prepare_not_tracking(struct scene *s)
{
	return prepare_tracking(s) ?:
	       hwpt_set_dirty_tracking(s->fd, s->hwpt, 0);
}

static int do_start_tracking(struct scene *s)
{
	return hwpt_set_dirty_tracking(s->fd, s->hwpt,
				       IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
}

static int do_stop_tracking(struct scene *s)
{
	return hwpt_set_dirty_tracking(s->fd, s->hwpt, 0);
}

static int do_replace(struct scene *s)
{
	return mock_replace(s->fd, s->dev.stdev, s->ioas[1], NULL);
}

static int do_child_alloc(struct scene *s)
{
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.parent_id = s->ioas[0],
	};

	return iommu_ioctl(s->fd, IOMMU_IOASID_ALLOC, &cmd);
}

static int do_ioasid_alloc(struct scene *s)
{
	struct mock_hwpt_data data = {};
	__u64 cookie = 5;
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.format = MOCK_PASID_TABLE_DATA,
		.parent_id = s->ioas[0],
		.cookies = (uintptr_t)&cookie,
		.num_cookies = 1,
		.data_len = sizeof(data),
		.data = (uintptr_t)&data,
	};

	return iommu_ioctl(s->fd, IOMMU_IOASID_ALLOC, &cmd);
}

static int prepare_cookie(struct scene *s)
{
	return prepare(s) ?:
	       mock_device_cookie(s->fd, s->ioas[0], MOCK_DEVICE_PASID, 5,
				  &s->dev);
}

static int prepare_viommu(struct scene *s)
{
	return prepare_parent(s) ?:
	       viommu_alloc(s->fd, s->dev.idev, s->hwpt, MOCK_VIOMMU_TYPE,
			    &s->viommu);
}

static int do_viommu_alloc(struct scene *s)
{
	return viommu_alloc(s->fd, s->dev.idev, s->hwpt, MOCK_VIOMMU_TYPE,
			    &s->viommu);
}

static int do_vdevice_alloc(struct scene *s)
{
	__u32 id;

	return vdevice_alloc(s->fd, s->viommu, s->dev.idev, 5, &id);
}

static int do_veventq_alloc(struct scene *s)
{
	__u32 id;
	int fd = veventq_alloc(s->fd, s->viommu, MOCK_VEVENTQ_TYPE, 4, &id);

	if (fd < 0)
		return fd;
	return close(fd) ? -errno : iommu_destroy(s->fd, id);
}

static int do_fault_queue_alloc(struct scene *s)
{
	__u32 id;
	int fd = fault_queue_alloc(s->fd, 0, &id);

	if (fd < 0)
		return fd;
	return close(fd) ? -errno : iommu_destroy(s->fd, id);
}

static int prepare_vdevice(struct scene *s)
{
	return prepare_viommu(s) ?: do_vdevice_alloc(s);
}

static int do_nested_alloc_on_viommu(struct scene *s)
{
	return mock_nested_alloc(s->fd, s->dev.idev, s->viommu, 0, &s->nested);
}

static int do_nested_alloc(struct scene *s)
{
	return mock_nested_alloc(s->fd, s->dev.idev, s->hwpt, 0, &s->nested);
}

static int do_attach_nested(struct scene *s)
{
	return mock_device(s->fd, s->nested, &s->dev);
}

static int do_invalidate(struct scene *s)
{
	struct mock_hwpt_invalidate entry = { .entry = 1 };
	__u32 num = 1;

	return hwpt_invalidate(s->fd, s->nested, MOCK_INVALIDATE_DATA, &entry,
			       sizeof(entry), &num);
}

static int do_invalidate_viommu(struct scene *s)
{
	struct mock_viommu_invalidate entry = { .virt_id = 5, .entry = 1 };
	__u32 num = 1;

	return hwpt_invalidate(s->fd, s->viommu, MOCK_INVALIDATE_DATA, &entry,
			       sizeof(entry), &num);
}

static int do_hwpt_alloc_fault(struct scene *s)
{
	__u32 queue, hwpt;
	int fd = fault_queue_alloc(s->fd, 0, &queue);
	int rc;

	if (fd < 0)
		return fd;
	rc = hwpt_alloc_fault(s->fd, s->dev.idev, s->ioas[0], 0,
			      IOMMU_HWPT_DATA_NONE, NULL, 0, queue, &hwpt);
	if (!rc)
		rc = iommu_destroy(s->fd, hwpt);
	return close(fd) ? -errno : iommu_destroy(s->fd, queue) ?: rc;
}

static int do_iova_ranges(struct scene *s)
{
	struct iommu_iova_range ranges[8];
	__u64 alignment;
	__u32 num = 8;

	return ioas_iova_ranges(s->fd, s->ioas[0], ranges, &num, &alignment);
}

static int do_destroy_nested(struct scene *s)
{
	return iommu_destroy(s->fd, s->nested);
}

static int do_copy_back(struct scene *s)
{
	return ioas_copy_fixed(s->fd, s->ioas[0], s->ioas[1], s->page_size,
			       IOVA + 4 * s->length, IOVA);
}

static int do_allow_iovas(struct scene *s)
{
	struct iommu_iova_range range[] = {
		{ IOVA, IOVA + 0xffff },
		{ 2 * IOVA, 2 * IOVA + 0xffff },
	};

	return ioas_allow_iovas(s->fd, s->ioas[0], range, 2);
}

static int do_destroy_hwpt(struct scene *s)
{
	return iommu_destroy(s->fd, s->hwpt);
}

static int do_destroy_ioas(struct scene *s)
{
	return iommu_destroy(s->fd, s->ioas[0]);
}

FIXTURE_VARIANT_ADD(nomem, open)
{
	.prepare = prepare,
	.command = do_open,
};

FIXTURE_VARIANT_ADD(nomem, ioas_alloc)
{
	.prepare = prepare,
	.command = do_ioas_alloc,
};

FIXTURE_VARIANT_ADD(nomem, map)
{
	.prepare = prepare_attached,
	.command = do_map,
};

FIXTURE_VARIANT_ADD(nomem, map_in_two_tables)
{
	.prepare = prepare_two_tables,
	.command = do_map,
};

FIXTURE_VARIANT_ADD(nomem, attach)
{
	.prepare = prepare,
	.command = do_attach,
};

FIXTURE_VARIANT_ADD(nomem, hwpt_alloc)
{
	.prepare = prepare_attached,
	.command = do_hwpt_alloc,
};

FIXTURE_VARIANT_ADD(nomem, dirty_hwpt_alloc)
{
	.prepare = prepare_attached,
	.command = do_dirty_hwpt_alloc,
};

FIXTURE_VARIANT_ADD(nomem, get_dirty_bitmap)
{
	.prepare = prepare_tracking,
	.command = do_get_dirty_bitmap,
};

FIXTURE_VARIANT_ADD(nomem, start_tracking)
{
	.prepare = prepare_not_tracking,
	.command = do_start_tracking,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, stop_tracking)
{
	.prepare = prepare_tracking,
	.command = do_stop_tracking,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, replace)
{
	.prepare = prepare_attached,
	.command = do_replace,
};

FIXTURE_VARIANT_ADD(nomem, nested_alloc)
{
	.prepare = prepare_parent,
	.command = do_nested_alloc,
};

FIXTURE_VARIANT_ADD(nomem, ioasid_alloc)
{
	.prepare = prepare_cookie,
	.command = do_ioasid_alloc,
};

FIXTURE_VARIANT_ADD(nomem, child_alloc)
{
	.prepare = prepare,
	.command = do_child_alloc,
};

FIXTURE_VARIANT_ADD(nomem, copy_to_a_child)
{
	.prepare = prepare_child,
	.command = do_copy,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_a_parent)
{
	.prepare = prepare_filled_child,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, viommu_alloc)
{
	.prepare = prepare_parent,
	.command = do_viommu_alloc,
};

FIXTURE_VARIANT_ADD(nomem, vdevice_alloc)
{
	.prepare = prepare_viommu,
	.command = do_vdevice_alloc,
};

FIXTURE_VARIANT_ADD(nomem, veventq_alloc)
{
	.prepare = prepare_viommu,
	.command = do_veventq_alloc,
};

FIXTURE_VARIANT_ADD(nomem, fault_queue_alloc)
{
	.prepare = prepare,
	.command = do_fault_queue_alloc,
};

FIXTURE_VARIANT_ADD(nomem, nested_alloc_on_viommu)
{
	.prepare = prepare_viommu,
	.command = do_nested_alloc_on_viommu,
};

FIXTURE_VARIANT_ADD(nomem, device_behind_a_viommu_goes)
{
	.prepare = prepare_vdevice,
	.command = do_destroy_device,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, attach_nested)
{
	.prepare = prepare_nested,
	.command = do_attach_nested,
};

FIXTURE_VARIANT_ADD(nomem, invalidate)
{
	.prepare = prepare_nested,
	.command = do_invalidate,
};

FIXTURE_VARIANT_ADD(nomem, invalidate_viommu)
{
	.prepare = prepare_vdevice,
	.command = do_invalidate_viommu,
};

FIXTURE_VARIANT_ADD(nomem, hwpt_alloc_fault)
{
	.prepare = prepare_attached,
	.command = do_hwpt_alloc_fault,
};

FIXTURE_VARIANT_ADD(nomem, get_hw_info)
{
	.prepare = prepare_attached,
	.command = do_get_hw_info,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, device_get_info)
{
	.prepare = prepare_cookie,
	.command = do_get_info,
};

FIXTURE_VARIANT_ADD(nomem, iova_ranges)
{
	.prepare = prepare_attached,
	.command = do_iova_ranges,
};

FIXTURE_VARIANT_ADD(nomem, destroy_nested)
{
	.prepare = prepare_nested,
	.command = do_destroy_nested,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, copy)
{
	.prepare = prepare_two_attached,
	.command = do_copy,
};

FIXTURE_VARIANT_ADD(nomem, copy_of_a_copy)
{
	.prepare = prepare_copies,
	.command = do_copy_back,
};

FIXTURE_VARIANT_ADD(nomem, allow_iovas)
{
	.prepare = prepare_attached,
	.command = do_allow_iovas,
};

FIXTURE_VARIANT_ADD(nomem, unmap)
{
	.prepare = prepare_attached,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_two_tables)
{
	.prepare = prepare_two_tables,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_shared_memory)
{
	.prepare = prepare_copies,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, destroy_device)
{
	.prepare = prepare_two_tables,
	.command = do_destroy_device,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, destroy_hwpt)
{
	.prepare = prepare_two_tables,
	.command = do_destroy_hwpt,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, destroy_ioas)
{
	.prepare = prepare,
	.command = do_destroy_ioas,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, close)
{
	.prepare = prepare_copies,
	.command = do_close,
	.never_fails = true,
};

TEST_HARNESS_MAIN
