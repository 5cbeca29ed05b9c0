"""Drive the gateway with Alibaba Cloud's own SDK: ``pip install alibabacloud-ice20201109``.

python docs/ice_client.py 127.0.0.1:8000 ACCESS_KEY SECRET oss://bucket/film.mp4 oss://bucket/voice.wav

The film is registered; each function that the gateway has is run on it, or on the voice (WAV of 16
or 48 kHz); then a speech and a highlight job. What they make is downloaded into this folder.
"""

import json
import sys
import time
import urllib.request

from alibabacloud_ice20201109 import models as ice
from alibabacloud_ice20201109.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

endpoint, key, secret, film, voice = sys.argv[1:]
client = Client(
    Config(access_key_id=key, access_key_secret=secret, endpoint=endpoint, protocol="http")
)
bucket = film.split("/")[2]
media_id = client.register_media_info(ice.RegisterMediaInfoRequest(input_url=film)).body.media_id

OF_FILM = {
    "CaptionExtraction": ("captions.srt", "{fps: 5, roi: [[0.5, 1], [0, 1]]}"),
    "VideoClip": ("short.mp4", "{duration: 1}"),
    "Cover": ("cover_{sequenceId}.jpg", ""),
    "VideoDelogo": ("no_logo.mp4", '{"Boxes": [[0.05, 0.05, 0.2, 0.15]]}'),
    "VideoDetext": ("no_text.mp4", '{"LimitRegion": [[0, 0.7, 1, 0.3]]}'),
    "VideoGreenScreenMatting": ("matte.webm", ""),
    "FaceBeauty": ("beauty.mp4", '{"beauty_params": "whiten=20,smooth=50"}'),
    "VideoH2V": ("portrait.mp4", ""),
}
OF_VOICE = {
    "MusicSegmentDetect": ("chorus.json", ""),
    "AudioBeatDetection": ("beats.json", ""),
    "AudioQualityAssessment": ("quality.json", ""),
    "SpeechDenoise": ("clean.wav", ""),
    "AudioMixing": ("mixed.wav", json.dumps({"inputs": {"file": voice}})),
}


def production(function: str, kind: str, source: str, name: str, params: str) -> None:
    """Run one production function and download what it made."""
    request = ice.SubmitIProductionJobRequest(
        function_name=function,
        input=ice.SubmitIProductionJobRequestInput(type=kind, media=source),
        output=ice.SubmitIProductionJobRequestOutput(type="OSS", media=f"oss://{bucket}/{name}"),
        job_params=params,
    )
    try:
        job_id = client.submit_iproduction_job(request).body.job_id
    except ClientException as refused:
        if refused.code != "InvalidParameter.FunctionNotSupported":
            raise
        print(function, "is not there")
        return
    query = ice.QueryIProductionJobRequest(job_id=job_id)
    while (job := client.query_iproduction_job(query).body).status in ("Queuing", "Analysing"):
        time.sleep(1)
    print(function, job.status, job.result, flush=True)
    for url, file in zip(job.output_urls or [], job.output_files or [], strict=True):
        download(url, file)


def smart(kind: str, job_id: str) -> dict:
    """Wait for a speech or highlight job; what it found."""
    query = ice.GetSmartHandleJobRequest(job_id=job_id)
    while (job := client.get_smart_handle_job(query).body).state in ("Created", "Executing"):
        time.sleep(1)
    print(kind, job.state, job.output or f"{job.error_code}: {job.error_message}", flush=True)
    return json.loads(job.output) if job.output else {}


def download(url: str, name: str) -> None:
    """Fetch what a job has made from the storage."""
    urllib.request.urlretrieve(url, name.rsplit("/", 1)[-1])  # noqa: S310 - an address of the gateway


for function, (name, params) in OF_FILM.items():
    production(function, "Media", media_id, name, params)
for function, (name, params) in OF_VOICE.items():
    production(function, "OSS", voice, name, params)

smart("ASR", client.submit_asrjob(ice.SubmitASRJobRequest(input_file=media_id)).body.job_id)
request = ice.SubmitHighlightExtractionJobRequest(
    input_config=json.dumps(
        {"MediaArray": [{"MediaId": media_id}], "Strategy": {"Count": 3, "AllowNonSpeech": True}}
    ),
    output_config=json.dumps(
        {"NeedExport": True, "Bucket": bucket, "ObjectKey": "highlights/moment_{index}.mp4"}
    ),
)
found = smart("Highlights", client.submit_highlight_extraction_job(request).body.job_id)
for film_found in found.get("HighlightResults", []):
    for number, moment in enumerate(film_found["TimeRanges"]):
        download(moment["OutputURL"], f"moment_{number}.mp4")
