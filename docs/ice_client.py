"""Drive the gateway with Alibaba Cloud's own SDK: ``pip install alibabacloud-ice20201109``.

python docs/ice_client.py 127.0.0.1:8000 ACCESS_KEY SECRET oss://bucket/film.mp4
"""

import json
import sys
import time
import urllib.request

from alibabacloud_ice20201109 import models as ice
from alibabacloud_ice20201109.client import Client
from alibabacloud_tea_openapi.models import Config

endpoint, key, secret, film = sys.argv[1:]
client = Client(
    Config(access_key_id=key, access_key_secret=secret, endpoint=endpoint, protocol="http")
)
bucket = film.split("/")[2]
media_id = client.register_media_info(ice.RegisterMediaInfoRequest(input_url=film)).body.media_id


def production(function: str, name: str, params: str) -> None:
    """Run one production function and download what it made."""
    request = ice.SubmitIProductionJobRequest(
        function_name=function,
        input=ice.SubmitIProductionJobRequestInput(type="Media", media=media_id),
        output=ice.SubmitIProductionJobRequestOutput(type="OSS", media=f"oss://{bucket}/{name}"),
        job_params=params,
    )
    query = ice.QueryIProductionJobRequest(
        job_id=client.submit_iproduction_job(request).body.job_id
    )
    while (job := client.query_iproduction_job(query).body).status in ("Queuing", "Analysing"):
        time.sleep(1)
    print(function, job.status, job.result)
    for url in job.output_urls or []:
        urllib.request.urlretrieve(url, name)  # noqa: S310 - an address of the gateway


def smart(kind: str, job_id: str) -> None:
    """Wait for a speech or highlight job."""
    query = ice.GetSmartHandleJobRequest(job_id=job_id)
    while (job := client.get_smart_handle_job(query).body).state in ("Created", "Executing"):
        time.sleep(1)
    print(kind, job.state, job.output or f"{job.error_code}: {job.error_message}")


production("CaptionExtraction", "captions.srt", "{fps: 5, roi: [[0.5, 1], [0, 1]]}")
production("VideoClip", "short.mp4", "{duration: 1}")
smart("ASR", client.submit_asrjob(ice.SubmitASRJobRequest(input_file=media_id)).body.job_id)
found = ice.SubmitHighlightExtractionJobRequest(
    input_config=json.dumps(
        {"MediaArray": [{"MediaId": media_id}], "Strategy": {"Count": 3, "AllowNonSpeech": True}}
    ),
    output_config=json.dumps(
        {"NeedExport": True, "Bucket": bucket, "ObjectKey": "highlights/{index}.mp4"}
    ),
)
smart("Highlights", client.submit_highlight_extraction_job(found).body.job_id)
