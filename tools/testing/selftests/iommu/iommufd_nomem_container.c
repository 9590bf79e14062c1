// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail (nomem.h): an IOMMU fd as the container of a VFIO group.
 *
 * EDU0 names an edu device that is alone in its group and bound to vfio-pci. It is
 * not opened, nor taken out of the container: the kernel's ACPI interpreter does
 * not live through allocations that fail when a PCI device is switched on or off,
 * and an IOMMU driver that has no memory to let go of a device complains.
 */
#include "nomem.h"
#include "type1_fixture.h"

static int prepare_group(struct scene *s)
{
	int rc = prepare(s);

	if (rc)
		return rc;
	s->group = vfio_open_group(getenv("EDU0"));
	return s->group < 0 ? s->group : 0;
}

static int do_set_container(struct scene *s)
{
	return set_container(s->group, s->fd);
}

static int prepare_container(struct scene *s)
{
	return prepare_group(s) ?: do_set_container(s);
}

static int do_set_iommu(struct scene *s)
{
	return set_iommu(s->fd, VFIO_TYPE1v2_IOMMU);
}

static int prepare_set(struct scene *s)
{
	return prepare_container(s) ?: do_set_iommu(s);
}

static int do_map_dma(struct scene *s)
{
	return map_dma(s->fd, s->memory, IOVA, s->length);
}

static int prepare_mapped(struct scene *s)
{
	return prepare_set(s) ?: do_map_dma(s);
}

static int do_unmap_dma(struct scene *s)
{
	return unmap_dma_flags(s->fd, IOVA, s->length, 0, NULL);
}

static int do_type1_get_info(struct scene *s)
{
	struct {
		struct vfio_iommu_type1_info info;
		__u8 chain[4096];
	} cmd = { .info.argsz = sizeof(cmd) };

	return iommu_ioctl(s->fd, VFIO_IOMMU_GET_INFO, &cmd);
}

FIXTURE_VARIANT_ADD(nomem, set_container)
{
	.prepare = prepare_group,
	.command = do_set_container,
};

FIXTURE_VARIANT_ADD(nomem, set_iommu)
{
	.prepare = prepare_container,
	.command = do_set_iommu,
};

FIXTURE_VARIANT_ADD(nomem, map_dma)
{
	.prepare = prepare_set,
	.command = do_map_dma,
};

FIXTURE_VARIANT_ADD(nomem, unmap_dma)
{
	.prepare = prepare_mapped,
	.command = do_unmap_dma,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, get_info)
{
	.prepare = prepare_mapped,
	.command = do_type1_get_info,
};

TEST_HARNESS_MAIN
