// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail (nomem.h): PCI devices, and the tables of the IOMMU that they
 * are behind.
 *
 * EDU0 and PEER name devices that are alone in their groups and bound to vfio-pci;
 * BAR 2 of PEER is memory. They are bound to the IOMMU fd before allocations fail:
 * the kernel's ACPI interpreter does not live through that when a PCI device is
 * switched on.
 */
#include <linux/vfio.h>

#include "nomem.h"
#include "vfio_ioctl.h"
#include "../../../iommu/vfio-device.h"

static int prepare_bound_to(struct scene *s, const char *address)
{
	int rc = prepare(s);

	if (rc)
		return rc;
	s->device = vfio_open_cdev(address);
	if (s->device < 0)
		return -errno;
	return bind_cookie(s->device, s->fd, 5, &s->dev.idev);
}

static int prepare_bound(struct scene *s)
{
	return prepare_bound_to(s, getenv("EDU0"));
}

static int do_attach_device(struct scene *s)
{
	return attach(s->device, s->ioas[0]);
}

static int prepare_device(struct scene *s)
{
	return prepare_bound(s) ?: do_attach_device(s);
}

static int do_replace(struct scene *s)
{
	return attach(s->device, s->ioas[1]);
}

static int do_hwpt_alloc(struct scene *s)
{
	return hwpt_alloc(s->fd, s->dev.idev, s->ioas[0], 0, &s->hwpt);
}

/* Pages of the file are far apart: each has a table of its own */
static int do_map_far_apart(struct scene *s)
{
	__u64 iova = IOVA + (1ULL << 30) * 4;

	for (int i = 0; i < 3; i++, iova += 1ULL << 30) {
		int rc = ioas_map_fixed(s->fd, s->ioas[0], s->memory,
					s->page_size, iova);

		while (rc && i--) {
			iova -= 1ULL << 30;
			ioas_unmap(s->fd, s->ioas[0], iova, s->page_size);
		}
		if (rc)
			return rc;
	}
	return 0;
}

static int prepare_bar(struct scene *s)
{
	__u64 offset = 0;
	int rc = prepare_bound_to(s, getenv("PEER")) ?: do_attach_device(s);

	if (rc)
		return rc;
	if (vfio_enable_dma(s->device))
		return -errno;
	if (vfio_region_offset(s->device, VFIO_PCI_BAR2_REGION_INDEX, &offset))
		return -errno;
	s->bar = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      s->device, offset);
	if (s->bar != MAP_FAILED)
		return 0;
	s->bar = NULL;
	return -errno;
}

static int do_map_bar(struct scene *s)
{
	return ioas_map_fixed(s->fd, s->ioas[0], s->bar, BAR_SIZE,
			      IOVA + 2 * s->length);
}

static int do_export(struct scene *s)
{
	int fd = export(s->device, VFIO_PCI_BAR2_REGION_INDEX, 0, BAR_SIZE, 1, 0);

	if (fd < 0)
		return fd;
	s->dmabuf = fd;
	return 0;
}

static int prepare_export(struct scene *s)
{
	return prepare_bar(s) ?: do_export(s);
}

static int do_map_export(struct scene *s)
{
	return ioas_map_file(s->fd, s->ioas[0], s->dmabuf, 0, BAR_SIZE,
			     IOVA + 2 * s->length);
}

FIXTURE_VARIANT_ADD(nomem, attach_device)
{
	.prepare = prepare_bound,
	.command = do_attach_device,
};

FIXTURE_VARIANT_ADD(nomem, replace)
{
	.prepare = prepare_device,
	.command = do_replace,
};

FIXTURE_VARIANT_ADD(nomem, hwpt_alloc)
{
	.prepare = prepare_device,
	.command = do_hwpt_alloc,
};

FIXTURE_VARIANT_ADD(nomem, map)
{
	.prepare = prepare_device,
	.command = do_map,
};

FIXTURE_VARIANT_ADD(nomem, map_far_apart)
{
	.prepare = prepare_device,
	.command = do_map_far_apart,
};

FIXTURE_VARIANT_ADD(nomem, unmap)
{
	.prepare = prepare_device,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, get_hw_info)
{
	.prepare = prepare_bound,
	.command = do_get_hw_info,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, device_get_info)
{
	.prepare = prepare_bound,
	.command = do_get_info,
};

FIXTURE_VARIANT_ADD(nomem, map_bar)
{
	.prepare = prepare_bar,
	.command = do_map_bar,
};

FIXTURE_VARIANT_ADD(nomem, export)
{
	.prepare = prepare_bar,
	.command = do_export,
};

FIXTURE_VARIANT_ADD(nomem, map_export)
{
	.prepare = prepare_export,
	.command = do_map_export,
};

TEST_HARNESS_MAIN
