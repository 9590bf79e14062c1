// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of mock devices. An operation reports them, as the driver of hardware would
 * from its interrupt; what they were answered is kept in the device, for the test
 * to see.
 */
#include "mock.h"

int mock_page_response(struct device *dev, struct iommu_fault_event *event,
		       struct iommu_page_response *answer)
{
	struct mock_device *mdev = to_mock_device(dev);

	spin_lock(&mdev->lock);
	mdev->num_answers++;
	mdev->last_answer = answer->code;
	spin_unlock(&mdev->lock);
	return 0;
}

static struct iommufd_device *get_mock(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_device *idev = iommufd_get_device(ictx, id);

	if (IS_ERR(idev) || mock_is_mock_device(idev->dev))
		return idev;
	iommufd_object_put(ictx, &idev->obj);
	return ERR_PTR(-EINVAL);
}

/* The last request of a group. One that nobody handles is answered here */
int mock_op_trigger_fault(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct iommu_fault_event event = {
		.fault.type = IOMMU_FAULT_PAGE_REQ,
		.fault.prm = {
			.flags = IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE,
			.pasid = cmd->fault.pasid,
			.grpid = cmd->fault.grpid,
			.perm = cmd->fault.perm,
			.addr = cmd->fault.addr,
		},
	};
	struct iommu_page_response failure = {
		.code = IOMMU_PAGE_RESP_FAILURE,
	};
	struct iommufd_device *idev;

	if (cmd->fault.pasid)
		event.fault.prm.flags |= IOMMU_FAULT_PAGE_REQUEST_PASID_VALID;
	idev = get_mock(call->ictx, cmd->fault.idev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (iommu_report_device_fault(idev->dev, &event))
		mock_page_response(idev->dev, &event, &failure);
	iommufd_object_put(call->ictx, &idev->obj);
	return 0;
}

int mock_op_report_fault(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct iommu_fault_event event = {
		.fault.type = IOMMU_FAULT_PAGE_REQ,
		.fault.prm = {
			.grpid = cmd->report.grpid,
			.perm = cmd->report.perm,
			.addr = cmd->report.addr,
		},
	};
	struct iommufd_device *idev;
	int rc;

	if (cmd->report.unrecoverable) {
		event.fault.type = IOMMU_FAULT_DMA_UNRECOV;
		event.fault.event = (struct iommu_fault_unrecoverable) {
			.reason = cmd->report.reason,
			.flags = IOMMU_FAULT_UNRECOV_ADDR_VALID,
			.perm = cmd->report.perm,
			.addr = cmd->report.addr,
		};
	}
	idev = get_mock(call->ictx, cmd->report.idev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (cmd->report.lost) {
		iommu_report_lost_faults(idev->dev);
		rc = 0;
	} else {
		rc = iommu_report_device_fault(idev->dev, &event);
	}
	iommufd_object_put(call->ictx, &idev->obj);
	return rc;
}

int mock_op_get_answers(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct iommufd_device *idev;
	struct mock_device *mdev;

	idev = get_mock(call->ictx, cmd->id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	mdev = to_mock_device(idev->dev);
	spin_lock(&mdev->lock);
	cmd->answers.out_num = mdev->num_answers;
	cmd->answers.out_last = mdev->last_answer;
	spin_unlock(&mdev->lock);
	iommufd_object_put(call->ictx, &idev->obj);
	return iommufd_respond(call, sizeof(*cmd));
}
