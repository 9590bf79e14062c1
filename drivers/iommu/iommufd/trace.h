/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of /dev/iommu: what happened to which address space or device.
 *
 * What is traced has succeeded, or cannot fail any more. An IOMMU fd is named by
 * its number, as in /proc/PID/fdinfo and in debugfs, and an object in it by its
 * ID. Memory is named by its position in its source: ino is the file, or 0 for
 * user memory, where pos is the address, and for memory of a device. The
 * arguments are the private structs, so that a call costs nothing but a no-op
 * while the event is off.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iommufd

#if !defined(_IOMMUFD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _IOMMUFD_TRACE_H

#include <linux/tracepoint.h>

#include "iommufd_private.h"

DECLARE_EVENT_CLASS(iommufd_area,
		    TP_PROTO(const struct iommufd_area *area),
		    TP_ARGS(area),
		    TP_STRUCT__entry(__field(u64, fd)
				     __field(u32, ioas)
				     __field(u32, prot)
				     __field(unsigned long, iova)
				     __field(unsigned long, last)
				     __field(unsigned long, pos)
				     __field(unsigned long, ino)
				     __field(bool, device)
		    ),
		    TP_fast_assign(__entry->fd = area->ioas->ictx->number;
				   __entry->ioas = area->ioas->obj.id;
				   __entry->prot = area->prot;
				   __entry->iova = area->iova;
				   __entry->last = area->last;
				   __entry->pos = area->pos;
				   __entry->ino = iommufd_source_ino(area->source);
				   __entry->device = iommufd_area_is_mmio(area);
		    ),
		    TP_printk("fd=%llu ioas=%u iova=%#lx-%#lx ino=%lu pos=%#lx prot=%s%s%s",
			      __entry->fd, __entry->ioas, __entry->iova,
			      __entry->last, __entry->ino, __entry->pos,
			      __entry->prot & IOMMU_READ ? "r" : "-",
			      __entry->prot & IOMMU_WRITE ? "w" : "-",
			      __entry->device ? " device" : "")
);

/* An area of an IOAS is mapped, by IOMMU_IOAS_MAP or IOMMU_IOAS_COPY */
DEFINE_EVENT(iommufd_area, iommufd_map,
	     TP_PROTO(const struct iommufd_area *area),
	     TP_ARGS(area)
);

/* An area is out of all page tables, and its pages are let go */
DEFINE_EVENT(iommufd_area, iommufd_unmap,
	     TP_PROTO(const struct iommufd_area *area),
	     TP_ARGS(area)
);

DECLARE_EVENT_CLASS(iommufd_device,
		    TP_PROTO(const struct iommufd_device *idev,
			     const struct iommufd_hwpt *hwpt),
		    TP_ARGS(idev, hwpt),
		    TP_STRUCT__entry(__string(name, dev_name(idev->dev))
				     __field(u64, fd)
				     __field(u64, cookie)
				     __field(u32, device)
				     __field(u32, ioas)
				     __field(u32, hwpt)
		    ),
		    TP_fast_assign(__assign_str(name, dev_name(idev->dev));
				   __entry->fd = idev->ictx->number;
				   __entry->cookie = idev->cookie;
				   __entry->device = idev->obj.id;
				   __entry->ioas = hwpt->ioas->obj.id;
				   __entry->hwpt = hwpt->obj.id;
		    ),
		    TP_printk("fd=%llu device=%u name=%s cookie=%#llx ioas=%u hwpt=%u",
			      __entry->fd, __entry->device, __get_str(name),
			      __entry->cookie, __entry->ioas, __entry->hwpt)
);

/* A device uses a table, for the first time or instead of another one */
DEFINE_EVENT(iommufd_device, iommufd_attach,
	     TP_PROTO(const struct iommufd_device *idev,
		      const struct iommufd_hwpt *hwpt),
	     TP_ARGS(idev, hwpt)
);

/* A device does not use a table any more */
DEFINE_EVENT(iommufd_device, iommufd_detach,
	     TP_PROTO(const struct iommufd_device *idev,
		      const struct iommufd_hwpt *hwpt),
	     TP_ARGS(idev, hwpt)
);

DECLARE_EVENT_CLASS(iommufd_group,
		    TP_PROTO(const struct iommufd_group *igroup,
			     const struct iommufd_hwpt *hwpt),
		    TP_ARGS(igroup, hwpt),
		    TP_STRUCT__entry(__field(u64, fd)
				     __field(int, group)
				     __field(u32, ioas)
				     __field(u32, hwpt)
		    ),
		    TP_fast_assign(__entry->fd = hwpt->ioas->ictx->number;
				   __entry->group = iommu_group_id(igroup->group);
				   __entry->ioas = hwpt->ioas->obj.id;
				   __entry->hwpt = hwpt->obj.id;
		    ),
		    TP_printk("fd=%llu group=%d ioas=%u hwpt=%u", __entry->fd,
			      __entry->group, __entry->ioas, __entry->hwpt)
);

/* The devices of a group in a VFIO container use a table */
DEFINE_EVENT(iommufd_group, iommufd_group_attach,
	     TP_PROTO(const struct iommufd_group *igroup,
		      const struct iommufd_hwpt *hwpt),
	     TP_ARGS(igroup, hwpt)
);

/* They do not any more */
DEFINE_EVENT(iommufd_group, iommufd_group_detach,
	     TP_PROTO(const struct iommufd_group *igroup,
		      const struct iommufd_hwpt *hwpt),
	     TP_ARGS(igroup, hwpt)
);

DECLARE_EVENT_CLASS(iommufd_access,
		    TP_PROTO(const struct iommufd_access *access,
			     const struct iommufd_ioas *ioas),
		    TP_ARGS(access, ioas),
		    TP_STRUCT__entry(__field(u64, fd)
				     __field(u64, cookie)
				     __field(u32, access)
				     __field(u32, ioas)
		    ),
		    TP_fast_assign(__entry->fd = access->ictx->number;
				   __entry->cookie = access->cookie;
				   __entry->access = access->obj.id;
				   __entry->ioas = ioas->obj.id;
		    ),
		    TP_printk("fd=%llu access=%u cookie=%#llx ioas=%u",
			      __entry->fd, __entry->access, __entry->cookie,
			      __entry->ioas)
);

/* A user inside the kernel, as of an emulated device, works on an IOAS */
DEFINE_EVENT(iommufd_access, iommufd_access_attach,
	     TP_PROTO(const struct iommufd_access *access,
		      const struct iommufd_ioas *ioas),
	     TP_ARGS(access, ioas)
);

/* He does not any more */
DEFINE_EVENT(iommufd_access, iommufd_access_detach,
	     TP_PROTO(const struct iommufd_access *access,
		      const struct iommufd_ioas *ioas),
	     TP_ARGS(access, ioas)
);

#ifndef _IOMMUFD_TRACE_IS_PAGE_REQUEST
#define _IOMMUFD_TRACE_IS_PAGE_REQUEST
static inline bool is_page_request(const struct iommu_fault *fault)
{
	return fault->type == IOMMU_FAULT_PAGE_REQ;
}
#endif

/*
 * The IOMMU has reported a fault; error tells why nobody will read it, and is
 * -ENODEV if nobody asked for it
 */
TRACE_EVENT(iommufd_fault,
	    TP_PROTO(const struct iommufd_device *idev,
		     const struct iommu_fault *fault, int error),
	    TP_ARGS(idev, fault, error),
	    TP_STRUCT__entry(__string(name, dev_name(idev->dev))
			     __field(u64, fd)
			     __field(u64, cookie)
			     __field(u64, addr)
			     __field(u32, device)
			     __field(u32, type)
			     __field(u32, reason)
			     __field(u32, perm)
			     __field(u32, pasid)
			     __field(int, error)
	    ),
	    TP_fast_assign(__assign_str(name, dev_name(idev->dev));
			   __entry->fd = idev->ictx->number;
			   __entry->cookie = idev->cookie;
			   __entry->device = idev->obj.id;
			   __entry->type = fault->type;
			   __entry->error = error;
			   __entry->reason = is_page_request(fault) ?
					     0 : fault->event.reason;
			   __entry->perm = is_page_request(fault) ?
					   fault->prm.perm : fault->event.perm;
			   __entry->addr = is_page_request(fault) ?
					   fault->prm.addr : fault->event.addr;
			   __entry->pasid = is_page_request(fault) ?
					    fault->prm.pasid :
					    fault->event.pasid;
	    ),
	    TP_printk("fd=%llu device=%u name=%s cookie=%#llx %s addr=%#llx pasid=%u perm=%#x reason=%u error=%d",
		      __entry->fd, __entry->device, __get_str(name),
		      __entry->cookie,
		      __print_symbolic(__entry->type,
				       { IOMMU_FAULT_DMA_UNRECOV, "unrecoverable" },
				       { IOMMU_FAULT_PAGE_REQ, "request" },
				       { 0, "lost" }),
		      __entry->addr, __entry->pasid, __entry->perm,
		      __entry->reason, __entry->error)
);

/*
 * Pages are pinned, maybe fewer than were wanted. tgid is the process whose
 * memory it is, or 0 for a file: who pays for that can change
 */
TRACE_EVENT(iommufd_pin,
	    TP_PROTO(const struct iommufd_source *source, unsigned long pos,
		     unsigned long wanted, unsigned long pinned,
		     bool writeable),
	    TP_ARGS(source, pos, wanted, pinned, writeable),
	    TP_STRUCT__entry(__field(u64, fd)
			     __field(unsigned long, ino)
			     __field(unsigned long, pos)
			     __field(unsigned long, wanted)
			     __field(unsigned long, pinned)
			     __field(pid_t, tgid)
			     __field(bool, writeable)
	    ),
	    TP_fast_assign(__entry->fd = source->ictx->number;
			   __entry->ino = iommufd_source_ino(source);
			   __entry->pos = pos;
			   __entry->wanted = wanted;
			   __entry->pinned = pinned;
			   __entry->tgid = source->object ? 0 :
					   source->payer.task->tgid;
			   __entry->writeable = writeable;
	    ),
	    TP_printk("fd=%llu tgid=%d ino=%lu pos=%#lx wanted=%lu pinned=%lu %s",
		      __entry->fd, __entry->tgid, __entry->ino, __entry->pos,
		      __entry->wanted, __entry->pinned,
		      __entry->writeable ? "write" : "read")
);

#endif

/* This file is not in include/trace/events */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
